// tokenizer.json: byte-level BPE (GPT-2, SmolLM2, LLaMA 3, RoBERTa), BPE of SentencePiece models (LLaMA's fast form) and WordPiece.
// What the file asks for and we do not know is refused by name; nothing is approximated.
#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "data/added_tokens.hpp"
#include "data/byte_pair_encoding.hpp"
#include "data/metaspace.hpp"
#include "data/tokenizer.hpp"
#include "data/unicode.hpp"
#include "data/word_piece.hpp"
#include "data/word_split.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;

enum class Prepend { kNever, kFirst, kAlways };
enum class Split { kNone, kGpt2, kDigitsGpt2, kLlama3 };
enum class Decoder { kByteLevel, kWordPiece, kSpaces };

/// GPT-2's printable stand-ins for the 256 bytes: code point to byte.
const std::unordered_map<char32_t, char>& byte_of_stand_in() {
  static const std::unordered_map<char32_t, char> kTable = [] {
    std::unordered_map<char32_t, char> filled;
    char32_t next = 256;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174);
      filled.emplace(printable ? static_cast<char32_t>(b) : next++, static_cast<char>(b));
    }
    return filled;
  }();
  return kTable;
}

/// A token of a byte-level vocabulary as the bytes it stands for; text beyond the stand-ins (added tokens) stays as it is.
std::string raw_bytes(const std::string& token) {
  std::string bytes;
  for (const char32_t code : unicode::to_code_points(token)) {
    const auto found = byte_of_stand_in().find(code);
    if (found == byte_of_stand_in().end()) return token;
    bytes += found->second;
  }
  return bytes;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) text.replace(at, what.size(), by);
}

class JsonTokenizer final : public Tokenizer {
 public:
  explicit JsonTokenizer(const std::filesystem::path& file) : path_(file.string()) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    GORACS_CHECK_INPUT(in.good(), "{}: no such file", path_);
    file_bytes_ = in.tellg();
    in.seekg(0);
    Json json;
    try {
      json = Json::parse(in);
    } catch (const Json::exception& error) {
      fail(ExitCode::kInput, "{}: broken JSON: {}", path_, error.what());
    }
    try {
      read(json);
    } catch (const Json::exception& error) {
      fail(ExitCode::kInput, "{}: not the form of a tokenizer.json: {}", path_, error.what());
    }
  }

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override {
    std::vector<TokenId> ids;
    const std::size_t added = options.add_special_tokens ? before_.size() + after_.size() : 0;
    if (options.add_special_tokens) ids = before_;
    added_.cut(
        text, options.special_in_text, [&](std::string_view part, std::size_t offset) { encode_stretch(part, offset == 0, ids); },
        [&](TokenId id) { ids.push_back(id); });
    if (options.max_length > 0) {
      const std::size_t room =
          static_cast<std::size_t>(options.max_length) > added ? static_cast<std::size_t>(options.max_length) - added : 0;
      const std::size_t front = options.add_special_tokens ? before_.size() : 0;
      if (ids.size() > front + room) ids.resize(front + room);
    }
    if (options.add_special_tokens) ids.insert(ids.end(), after_.begin(), after_.end());
    return ids;
  }

  std::string decode(const std::vector<TokenId>& ids, bool skip_special) const override {
    std::vector<std::string> tokens;
    for (const TokenId id : ids) {
      const AddedToken* added = added_.find(id);
      if (added != nullptr && added->special && skip_special) continue;
      if (added != nullptr) {
        tokens.push_back(added->content);
      } else if (id >= 0 && static_cast<std::size_t>(id) < text_of_.size()) {
        tokens.push_back(text_of_[static_cast<std::size_t>(id)]);
      }
    }
    switch (decoder_) {
      case Decoder::kByteLevel: return decode_bytes(tokens);
      case Decoder::kWordPiece: return decode_word_pieces(tokens);
      case Decoder::kSpaces: return decode_metaspace(tokens);
    }
    return {};
  }

  std::int64_t vocab_size() const override { return vocab_size_; }
  std::string kind() const override {
    return decoder_ == Decoder::kByteLevel ? "byte-level BPE" : decoder_ == Decoder::kWordPiece ? "WordPiece" : "BPE";
  }

 private:
  // --- reading ---

  [[noreturn]] void refuse(const char* what, const Json& value) const {
    fail(ExitCode::kInput, "{}: {} {} is not supported", path_, what, value.dump().substr(0, 200));
  }

  void read(const Json& json) {
    const Json& model = json.at("model");
    const std::string type = model.value("type", model.contains("merges") ? "BPE" : "");
    read_added(json);
    read_normalizer(json.value("normalizer", Json()));
    read_splitter(json.value("pre_tokenizer", Json()), type);
    read_decoder(json.value("decoder", Json()));
    if (type == "BPE") {
      read_bpe(model);
    } else if (type == "WordPiece") {
      read_word_piece(model);
    } else {
      refuse("model type", model.value("type", Json()));
    }
    read_post_processor(json.value("post_processor", Json()));
  }

  void read_added(const Json& json) {
    for (const Json& entry : json.value("added_tokens", Json::array())) {
      AddedToken token;
      token.id = id_of(entry.at("id"));
      token.content = entry.at("content").get<std::string>();
      token.special = entry.value("special", false);
      token.lstrip = entry.value("lstrip", false);
      token.rstrip = entry.value("rstrip", false);
      token.single_word = entry.value("single_word", false);
      check_id(token.id, token.content);
      added_.add(token);
    }
  }

  void read_normalizer(const Json& normalizer) {
    if (normalizer.is_null()) return;
    const std::string type = normalizer.at("type");
    if (type == "BertNormalizer") {
      BertNormalizer bert;
      bert.clean_text = normalizer.value("clean_text", true);
      bert.handle_chinese_chars = normalizer.value("handle_chinese_chars", true);
      bert.lowercase = normalizer.value("lowercase", true);
      const Json strip = normalizer.value("strip_accents", Json());
      bert.strip_accents = strip.is_null() ? bert.lowercase : strip.get<bool>();
      bert_normalizer_ = bert;
    } else if (type == "Sequence") {
      for (const Json& part : normalizer.at("normalizers")) read_normalizer(part);
    } else if (type == "Prepend") {
      if (normalizer.at("prepend") != kMetaspace) refuse("normalizer", normalizer);
      prepend_ = Prepend::kAlways;
      prepend_twice_ = true;
    } else if (type == "Replace") {
      if (normalizer.at("pattern") != Json{{"String", " "}} || normalizer.at("content") != kMetaspace) refuse("normalizer", normalizer);
      metaspace_ = true;
    } else {
      refuse("normalizer", normalizer);
    }
  }

  void read_splitter(const Json& splitter, const std::string& model) {
    if (model == "WordPiece") {
      if (splitter.is_null() || splitter.at("type") != "BertPreTokenizer") refuse("pre_tokenizer", splitter);
      return;
    }
    if (splitter.is_null()) {
      if (!metaspace_) refuse("a BPE model without", Json("pre_tokenizer"));
      return;
    }
    const std::string type = splitter.at("type");
    if (type == "Metaspace") return read_metaspace(splitter);
    const Json parts = type == "Sequence" ? splitter.at("pretokenizers") : Json::array({splitter});
    if (parts.empty() || parts.back().at("type") != "ByteLevel" || parts.size() > 2) refuse("pre_tokenizer", splitter);
    const Json& bytes = parts.back();
    byte_level_ = true;
    prefix_space_ = bytes.value("add_prefix_space", false);
    const bool gpt2 = bytes.value("use_regex", true);
    if (parts.size() == 1) {
      split_ = gpt2 ? Split::kGpt2 : Split::kNone;
    } else if (parts[0].at("type") == "Digits" && parts[0].value("individual_digits", false) && gpt2) {
      split_ = Split::kDigitsGpt2;
    } else if (parts[0].at("type") == "Split" && !gpt2 && parts[0].at("behavior") == "Isolated" && !parts[0].value("invert", false) &&
               parts[0].at("pattern") == Json{{"Regex", llama3_pattern()}}) {
      split_ = Split::kLlama3;
    } else {
      refuse("pre_tokenizer", parts[0]);
    }
  }

  void read_metaspace(const Json& splitter) {
    if (splitter.value("replacement", std::string(kMetaspace)) != kMetaspace || splitter.value("split", true))
      refuse("pre_tokenizer", splitter);
    metaspace_ = true;
    const std::string scheme = splitter.value("prepend_scheme", splitter.value("add_prefix_space", true) ? "always" : "never");
    prepend_ = scheme == "first" ? Prepend::kFirst : scheme == "always" ? Prepend::kAlways : Prepend::kNever;
  }

  void read_decoder(const Json& decoder) {
    const std::string type = decoder.is_null() ? "" : decoder.at("type").get<std::string>();
    if (type == "ByteLevel") {
      decoder_ = Decoder::kByteLevel;
    } else if (type == "WordPiece") {
      decoder_ = Decoder::kWordPiece;
      word_piece_prefix_ = decoder.value("prefix", "##");
      word_piece_cleanup_ = decoder.value("cleanup", true);
    } else if (metaspace_ && (type == "Sequence" || type == "Metaspace")) {
      decoder_ = Decoder::kSpaces;
    } else {
      refuse("decoder", decoder);
    }
  }

  TokenId id_of(const Json& value) const {
    GORACS_CHECK_INPUT(value.is_number_unsigned() && value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<TokenId>::max()},
                       "{}: {} is no token's id", path_, value.dump());
    return value.get<TokenId>();
  }

  void check_id(TokenId id, const std::string& token) {
    // an id is also an index, and ids have few gaps: one beyond the file's bytes is damage, not a token
    GORACS_CHECK_INPUT(id < file_bytes_, "{}: token '{}' has the id {}, but the file has {} bytes", path_, token, id, file_bytes_);
    vocab_size_ = std::max<std::int64_t>(vocab_size_, id + std::int64_t{1});
  }

  std::unordered_map<std::string, TokenId> read_vocab(const Json& model) {
    std::unordered_map<std::string, TokenId> vocab;
    const Json& entries = model.at("vocab");
    GORACS_CHECK_INPUT(entries.is_object() && !entries.empty(), "{}: model.vocab is no list of tokens", path_);
    vocab.reserve(entries.size());
    for (const auto& [token, value] : entries.items()) {
      const TokenId id = id_of(value);
      check_id(id, token);
      const auto index = static_cast<std::size_t>(id);
      if (text_of_.size() <= index) text_of_.resize(index + 1);
      text_of_[index] = byte_level_ ? raw_bytes(token) : token;
      vocab.emplace(text_of_[index], id);
    }
    return vocab;
  }

  void read_bpe(const Json& model) {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!model.value(key, Json()).is_null() && model.value(key, Json()) != "") refuse(key, model.at(key));
    auto vocab = read_vocab(model);
    BytePairEncoding::Settings settings;
    settings.symbols = byte_level_ ? Symbols::kBytes : Symbols::kCharacters;
    settings.byte_fallback = model.value("byte_fallback", false);
    settings.ignore_merges = model.value("ignore_merges", false);
    settings.fuse_unknown = model.value("fuse_unk", false);
    if (const Json unknown = model.value("unk_token", Json()); !unknown.is_null()) {
      const auto found = vocab.find(unknown.get<std::string>());
      GORACS_CHECK_INPUT(found != vocab.end(), "{}: unk_token {} is not in the vocabulary", path_, unknown.dump());
      settings.unknown = found->second;
    }
    std::vector<std::pair<std::string, std::string>> merges;
    for (const Json& merge : model.at("merges")) {
      std::string left, right;
      if (merge.is_string()) {  // "a b" before tokenizers 0.20
        const auto text = merge.get<std::string>();
        const std::size_t space = text.find(' ');
        GORACS_CHECK_INPUT(space != std::string::npos, "{}: merge {} is no pair", path_, merge.dump());
        left = text.substr(0, space);
        right = text.substr(space + 1);
      } else {
        left = merge.at(0).get<std::string>();
        right = merge.at(1).get<std::string>();
      }
      merges.emplace_back(byte_level_ ? raw_bytes(left) : left, byte_level_ ? raw_bytes(right) : right);
    }
    bpe_.emplace(std::move(vocab), merges, settings, path_);
  }

  void read_word_piece(const Json& model) {
    GORACS_CHECK_INPUT(bert_normalizer_.has_value(), "{}: a WordPiece model needs a BertNormalizer", path_);
    auto vocab = read_vocab(model);
    WordPiece::Settings settings;
    settings.continuing_prefix = model.value("continuing_subword_prefix", "##");
    const Json longest = model.value("max_input_chars_per_word", Json(100));
    GORACS_CHECK_INPUT(longest.is_number_integer(), "{}: max_input_chars_per_word is {}, expected a count", path_, longest.dump());
    settings.longest_word = longest.get<std::int64_t>();
    const std::string unknown = model.value("unk_token", "[UNK]");
    const auto found = vocab.find(unknown);
    GORACS_CHECK_INPUT(found != vocab.end(), "{}: unk_token '{}' is not in the vocabulary", path_, unknown);
    settings.unknown = found->second;
    word_piece_.emplace(std::move(vocab), settings);
  }

  /// The id of a token that is put in front of or behind a text.
  TokenId added_id(const Json& json) const {
    const TokenId id = id_of(json);
    GORACS_CHECK_INPUT(id < vocab_size_, "{}: post_processor adds the id {}, but there are {} tokens", path_, id, vocab_size_);
    return id;
  }

  void read_post_processor(const Json& post) {
    if (post.is_null()) return;
    const std::string type = post.at("type");
    if (type == "Sequence") {
      for (const Json& part : post.at("processors")) read_post_processor(part);
    } else if (type == "TemplateProcessing") {
      bool behind = false;
      for (const Json& piece : post.at("single")) {
        if (piece.contains("Sequence")) {
          behind = true;
          continue;
        }
        const auto name = piece.at("SpecialToken").at("id").get<std::string>();
        for (const Json& id : post.at("special_tokens").at(name).at("ids")) (behind ? after_ : before_).push_back(added_id(id));
      }
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      before_.push_back(added_id(post.at("cls").at(1)));
      after_.push_back(added_id(post.at("sep").at(1)));
    } else if (type != "ByteLevel") {
      refuse("post_processor", post);
    }
  }

  // --- encoding ---

  void encode_stretch(std::string_view text, bool at_start, std::vector<TokenId>& ids) const {
    if (word_piece_) return word_piece_->encode((*bert_normalizer_)(text), ids);
    if (metaspace_) return bpe_->encode(with_metaspaces(text, at_start), ids);
    const auto word = [&](std::string_view piece) { bpe_->encode(piece, ids); };
    std::string prefixed;
    if (prefix_space_ && !unicode::is_space(unicode::decode(text, 0).code)) text = prefixed = " " + std::string(text);
    switch (split_) {
      case Split::kNone: return word(text);
      case Split::kGpt2: return split_gpt2(text, word);
      case Split::kLlama3: return split_llama3(text, word);
      case Split::kDigitsGpt2: return split_digits(text, [&](std::string_view part) { split_gpt2(part, word); });
    }
  }

  std::string with_metaspaces(std::string_view text, bool at_start) const {
    std::string spaced(text);
    replace_all(spaced, " ", kMetaspace);
    const bool prefix = prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && at_start);
    // the normaliser of the older form prepends in any case, the pre-tokenizer of the newer one not to a text that begins with a space
    if (prefix && (prepend_twice_ || !spaced.starts_with(kMetaspace))) spaced.insert(0, kMetaspace);
    return spaced;
  }

  // --- decoding ---

  static std::string decode_bytes(const std::vector<std::string>& tokens) {
    std::string bytes;
    for (const auto& token : tokens) bytes += token;
    return unicode::repaired(bytes);
  }

  std::string decode_word_pieces(const std::vector<std::string>& tokens) const {
    std::string text;
    for (std::size_t k = 0; k < tokens.size(); ++k) {
      std::string token = tokens[k];
      if (k > 0) token = token.starts_with(word_piece_prefix_) ? token.substr(word_piece_prefix_.size()) : " " + token;
      if (word_piece_cleanup_)
        for (const auto& [spaced, tight] : {std::pair{" .", "."},
                                            {" ?", "?"},
                                            {" !", "!"},
                                            {" ,", ","},
                                            {" ' ", "'"},
                                            {" n't", "n't"},
                                            {" 'm", "'m"},
                                            {" do not", " don't"},
                                            {" 's", "'s"},
                                            {" 've", "'ve"},
                                            {" 're", "'re"}})
          replace_all(token, spaced, tight);
      text += token;
    }
    return text;
  }

  /// Metaspaces to spaces, runs of <0xNN> to UTF-8 (U+FFFD for each byte of a broken run), one space off the front.
  static std::string decode_metaspace(const std::vector<std::string>& tokens) {
    std::string text, run;
    const auto flush = [&] {
      if (unicode::is_valid(run)) {
        text += run;
      } else {
        for (std::size_t k = 0; k < run.size(); ++k) unicode::append(text, 0xFFFD);
      }
      run.clear();
    };
    for (std::string token : tokens) {
      if (token.size() == 6 && token.starts_with("<0x") && token.ends_with(">")) {
        run += static_cast<char>(std::stoi(token.substr(3, 2), nullptr, 16));
        continue;
      }
      flush();
      replace_all(token, kMetaspace, " ");
      text += token;
    }
    flush();
    return text.starts_with(' ') ? text.substr(1) : text;
  }

  std::string path_;
  std::int64_t file_bytes_ = 0;
  AddedTokens added_;
  std::vector<TokenId> before_, after_;
  std::vector<std::string> text_of_;
  std::int64_t vocab_size_ = 0;
  bool byte_level_ = false, prefix_space_ = false, metaspace_ = false, prepend_twice_ = false, word_piece_cleanup_ = true;
  Prepend prepend_ = Prepend::kNever;
  Split split_ = Split::kNone;
  Decoder decoder_ = Decoder::kByteLevel;
  std::string word_piece_prefix_;
  std::optional<BertNormalizer> bert_normalizer_;
  std::optional<BytePairEncoding> bpe_;
  std::optional<WordPiece> word_piece_;
};

}  // namespace

std::unique_ptr<Tokenizer> open_tokenizer_json(const std::filesystem::path& file) { return std::make_unique<JsonTokenizer>(file); }

}  // namespace goracs
