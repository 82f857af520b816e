// tokenizer.model by libsentencepiece, with the conventions of the SentencePiece-based LLaMA tokenizer.
#include <sentencepiece_processor.h>

#include <optional>

#include "base/error.hpp"
#include "base/file_bytes.hpp"
#include "data/added_tokens.hpp"
#include "data/metaspace.hpp"
#include "data/tokenizer.hpp"
#include "data/unicode.hpp"

namespace goracs {
namespace {

/// The model's bytes with normalizer_spec.add_dummy_prefix (field 3 of the message in field 3) set to false: a later value of a protocol
/// buffer field wins, and messages that stand twice are merged.
std::string without_dummy_prefix(std::string model) {
  // tag of field 3 with a length, 2 bytes: tag of field 3 as a number, 0
  model.append("\x1a\x02\x18\x00", 4);
  return model;
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::filesystem::path& file, bool legacy) : legacy_(legacy) {
    const std::optional<std::string> model = file_bytes(file);
    GORACS_CHECK_INPUT(model.has_value(), "{}: no such file", file.string());
    const auto prefixed = prefixed_.LoadFromSerializedProto(*model);
    GORACS_CHECK_INPUT(prefixed.ok(), "{}: no SentencePiece model: {}", file.string(), prefixed.ToString());
    const auto plain = plain_.LoadFromSerializedProto(without_dummy_prefix(*model));
    GORACS_CHECK_INPUT(plain.ok(), "{}: no SentencePiece model: {}", file.string(), plain.ToString());
    SpecialIds ids;
    const auto note = [&](int id, std::optional<TokenId>& slot) {
      if (id < 0) return;
      slot = id;
      AddedToken token;
      token.id = id;
      token.content = prefixed_.IdToPiece(id);
      token.special = true;
      special_.add(token);
    };
    note(prefixed_.unk_id(), ids.unk);
    note(prefixed_.bos_id(), ids.bos);
    note(prefixed_.eos_id(), ids.eos);
    name_special(ids);
  }

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override {
    std::vector<TokenId> ids;
    if (options.add_special_tokens && prefixed_.bos_id() >= 0) ids.push_back(prefixed_.bos_id());
    special_.cut(
        text, options.special_in_text, [&](std::string_view part, std::size_t offset) { encode_stretch(part, offset == 0, ids); },
        [&](TokenId id) { ids.push_back(id); });
    if (options.max_length > 0 && static_cast<std::int64_t>(ids.size()) > options.max_length)
      ids.resize(static_cast<std::size_t>(options.max_length));
    return ids;
  }

  /// As the slow tokenizer joins pieces: special tokens stand as they are, in the legacy form with a space in front.
  std::string decode(const std::vector<TokenId>& ids, bool skip_special) const override {
    std::vector<std::string> pieces;
    for (const TokenId id : ids) {
      if (id < 0 || id >= prefixed_.GetPieceSize()) continue;
      const std::string& piece = prefixed_.IdToPiece(id);
      if (skip_special && special_.find(piece) != nullptr) continue;
      pieces.push_back(piece);
    }
    if (!pieces.empty() && pieces[0].starts_with(kMetaspace)) pieces[0].erase(0, kMetaspace.size());
    std::string text;
    std::vector<std::string> stretch;
    const auto flush = [&] {
      std::string part;
      const auto status = decoder().Decode(stretch, &part);
      GORACS_CHECK_INPUT(status.ok(), "SentencePiece cannot decode: {}", status.ToString());
      text += part;
      stretch.clear();
    };
    bool special_before = false;
    for (std::size_t k = 0; k < pieces.size(); ++k) {
      const bool special = special_.find(pieces[k]) != nullptr;
      if (special) {
        if (!special_before && k != 0 && legacy_) text += ' ';
        flush();
        text += pieces[k];
      } else {
        if (special_before && k == 1 && !pieces[k].starts_with(kMetaspace)) text += ' ';
        stretch.push_back(pieces[k]);
      }
      special_before = special;
    }
    flush();
    return text;
  }

  std::int64_t vocab_size() const override { return prefixed_.GetPieceSize(); }
  std::string kind() const override { return legacy_ ? "SentencePiece (legacy)" : "SentencePiece"; }

 private:
  const sentencepiece::SentencePieceProcessor& decoder() const { return legacy_ ? prefixed_ : plain_; }

  void encode_stretch(std::string_view text, bool at_start, std::vector<TokenId>& ids) const {
    const auto& processor = legacy_ || at_start ? prefixed_ : plain_;
    std::vector<int> part;
    const auto status = processor.Encode({text.data(), text.size()}, &part);
    GORACS_CHECK_INPUT(status.ok(), "SentencePiece cannot encode: {}", status.ToString());
    ids.insert(ids.end(), part.begin(), part.end());
  }

  sentencepiece::SentencePieceProcessor prefixed_, plain_;  ///< with and without the space in front of a text
  AddedTokens special_;
  bool legacy_;
};

}  // namespace

std::unique_ptr<Tokenizer> open_sentencepiece(const std::filesystem::path& file, bool legacy) {
  return std::make_unique<SentencePieceTokenizer>(file, legacy);
}

}  // namespace goracs
