#pragma once

#include "data/interactions.hpp"
#include "data/line_reader.hpp"

namespace goracs {

/// The three data sets of the paper; their metadata differ in form and title rule (SPEC 1).
enum class AmazonSet { kGames, kMovies, kFood };

/// How a metadata line gives a title: properly parsed, or by the reference's text matching with all that follows from it.
enum class TitleRule { kParsed, kReference };

/// How a file is read: by so many threads (the result is the same for any number), with which events.
struct FileReading {
  std::int64_t threads = 1;
  ReadEvents events;
};

/// asin -> title of a metadata file: JSON objects a line, for food Python dict literals. A later usable title wins.
Catalogue read_amazon_metadata(const std::filesystem::path& file, AmazonSet set, TitleRule rule, const FileReading& reading,
                               BrokenLines& broken);

/// A review file, one JSON object a line: reviewerID, asin, overall, unixReviewTime. Reviews without rating or time, or of an item without
/// title, are left out; a like is int(overall) > 3.
Interactions read_amazon_reviews(const std::filesystem::path& file, const Catalogue& catalogue, const FileReading& reading,
                                 BrokenLines& broken);

}  // namespace goracs
