#include "base/config_file.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>
#include <sstream>
#include <tuple>

#include "base/config_fields.hpp"
#include "base/error.hpp"
#include "base/similar_word.hpp"
#include "base/utf8.hpp"

namespace goracs {
namespace {

/// One mistake and where it stands; those of a file come first, in its order.
struct Mistake {
  bool in_file = false;
  int line = 0, column = 0;
  std::string text;
};

/// Where documents begin.
struct DocumentStarts final : YAML::EventHandler {
  std::vector<YAML::Mark> marks;

  void OnDocumentStart(const YAML::Mark& mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// Of the first two documents. YAML::LoadAll never ends at a text that no document can begin with (","): it finds one empty document after the other.
std::vector<YAML::Mark> first_documents(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  DocumentStarts starts;
  if (parser.HandleNextDocument(starts)) parser.HandleNextDocument(starts);
  return starts.marks;
}

/// Reads one node into a parameter; the first complaint ends it.
class Assignment {
 public:
  struct Complaint {
    std::string text;
    YAML::Mark mark;
  };

  static std::optional<Complaint> run(const Parameter& parameter, const YAML::Node& node, const std::string& task) {
    Assignment assignment(parameter, task);
    try {
      std::visit([&](auto* value) { assignment.read(node, *value); }, parameter.value);
    } catch (const Complaint& complaint) {
      return complaint;
    }
    return std::nullopt;
  }

 private:
  Assignment(const Parameter& parameter, const std::string& task) : parameter_(parameter), task_(task) {}

  [[noreturn]] static void refuse(const YAML::Node& node, std::string text) { throw Complaint{std::move(text), node.Mark()}; }
  static std::string shown(const YAML::Node& node) {
    constexpr std::size_t kMost = 60;
    if (node.IsMap()) return "a map";
    if (node.IsSequence()) return "a list";
    if (node.IsNull()) return "nothing";
    const std::string text = node.Scalar();
    return "'" + (text.size() > kMost ? text.substr(0, kMost) + "..." : text) + "'";
  }
  [[noreturn]] void refuse_type(const YAML::Node& node) const { refuse(node, fmt::format("{} is no {}", shown(node), parameter_.type())); }
  static bool is_plain(const YAML::Node& node) { return node.IsScalar() && node.Tag() != "!"; }
  static bool is_auto(const YAML::Node& node) { return is_plain(node) && node.Scalar() == "auto"; }
  static bool is_none(const YAML::Node& node) {
    return node.IsNull() || (is_plain(node) && (node.Scalar() == "none" || node.Scalar() == "null"));
  }

  template <class T>
  std::optional<T> number(const YAML::Node& node) const {
    if (!is_plain(node)) return std::nullopt;
    std::string_view text = node.Scalar();
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (const std::string complaint = parameter_.range.complaint(static_cast<double>(value)); !complaint.empty())
      refuse(node, fmt::format("{} is out of range, {}", node.Scalar(), complaint));
    return value;
  }

  void read(const YAML::Node& node, bool& value) const {
    if (parameter_.range.or_auto && is_auto(node)) {
      value = parameter_.initial.of(task_) == "true";
      return;
    }
    const std::string text = is_plain(node) ? node.Scalar() : "";
    static const std::set<std::string> kNotBooleans{"y",   "n",  "yes", "no",  "on",  "off", "Y",  "N",
                                                    "Yes", "No", "On",  "Off", "YES", "NO",  "ON", "OFF"};
    if (kNotBooleans.contains(text)) refuse(node, fmt::format("'{}' is no boolean here, write true or false", text));
    if (text != "true" && text != "false") refuse_type(node);
    value = text == "true";
  }
  void read(const YAML::Node& node, std::int64_t& value) const { read_number(node, value); }
  void read(const YAML::Node& node, double& value) const { read_number(node, value); }
  template <class T>
  void read_number(const YAML::Node& node, T& value) const {
    const std::optional<T> found = number<T>(node);
    if (!found) refuse_type(node);
    value = *found;
  }
  template <class T>
  void read(const YAML::Node& node, std::optional<T>& value) const {
    value.reset();
    if (is_auto(node)) return;
    T given{};
    read_number(node, given);
    value = given;
  }
  void read(const YAML::Node& node, std::string& value) const {
    if (!node.IsScalar()) refuse_type(node);
    value = node.Scalar();
    if (value.empty()) refuse(node, "is empty");
    if (const std::string complaint = parameter_.range.complaint(value); !complaint.empty())
      refuse(node, fmt::format("'{}' is unknown, {}", value, complaint));
  }
  void read(const YAML::Node& node, std::filesystem::path& value) const {
    value.clear();
    if (is_none(node)) {
      if (parameter_.initial.required) refuse(node, "a path is needed");
      return;
    }
    if (!node.IsScalar() || node.Scalar().empty()) refuse_type(node);
    value = node.Scalar();
  }
  template <class T>
  void read(const YAML::Node& node, std::vector<T>& values) const {
    values.clear();
    if (is_auto(node) && parameter_.initial.seqrec == "auto") return;
    if (!node.IsSequence()) refuse_type(node);
    for (const auto& element : node) {
      T value{};
      read(element, value);
      if (std::find(values.begin(), values.end(), value) != values.end())
        refuse(element, fmt::format("'{}' stands there twice", element.Scalar()));
      values.push_back(std::move(value));
    }
  }

  const Parameter& parameter_;
  const std::string& task_;
};

/// A config with every default of a task; read once, for they are YAML.
const Config& defaults_of(const std::string& task) {
  static std::map<bool, Config> made;
  const auto [found, is_new] = made.try_emplace(task == "ctrpre");
  if (!is_new) return found->second;
  for (const Parameter& parameter : parameters_of(found->second))
    if (!parameter.initial.required && !parameter.initial.unset) Assignment::run(parameter, YAML::Load(parameter.initial.of(task)), task);
  return found->second;
}

/// One reading of a source with the defaults of one task.
class Reading {
 public:
  Reading(const ConfigSource& source, const std::string& task)
      : source_(source), task_(task), loaded_{defaults_of(task), {}}, parameters_(parameters_of(loaded_.values)) {
    for (const Parameter& parameter : parameters_) loaded_.origin[parameter.key] = "default";
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  void read_all() {
    read_file();
    read_settings();
    for (const Parameter& parameter : parameters_)
      if (parameter.initial.required && !is_given(parameter.key)) complain(parameter.key, "is missing");
    for (const Parameter& parameter : parameters_)
      if (!is_utf8(parameter.text())) complain(parameter.key, "is not UTF-8");
    if (mistakes_.empty()) resolve();
  }

  void read_settings() {
    for (const std::string& setting : source_.settings) read_setting(setting);
    resolve_exchanges();
  }

  LoadedConfig& loaded() { return loaded_; }
  void fail_with_mistakes() {
    if (mistakes_.empty()) return;
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const Mistake& a, const Mistake& b) {
      return std::tuple(!a.in_file, a.line, a.column) < std::tuple(!b.in_file, b.line, b.column);
    });
    std::string text;
    for (const Mistake& mistake : mistakes_) text += (text.empty() ? "" : "\n") + mistake.text;
    throw Error(ExitCode::kUsage, text);
  }

 private:
  void read_file() {
    if (source_.file.empty()) return;
    std::vector<YAML::Mark> documents;
    YAML::Node document;
    try {
      documents = first_documents(source_.text);
      document = YAML::Load(source_.text);
    } catch (const YAML::Exception& error) {
      at(error.mark, "no valid YAML: " + error.msg);
      return;
    }
    if (documents.size() > 1 && documents[1].pos == documents[0].pos) return at(documents[0], "no valid YAML: nothing begins like this");
    if (document.IsNull()) return;
    if (documents.size() > 1) at(documents[1], "a second YAML document, one was expected");
    if (!document.IsMap())
      at(document.Mark(), "expected `key: value` lines");
    else
      read_map(document, "");
  }

  void read_map(const YAML::Node& map, const std::string& section) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        at(entry.first.Mark(), "a key must be a word");
        continue;
      }
      const std::string key = section + entry.first.Scalar();
      const YAML::Mark mark = entry.first.Mark();
      if (!seen.insert(key).second)
        at(mark, key + ": stands there twice");
      else if (section.empty() && is_section(key))
        read_section(key, entry.second, mark);
      else if (const Parameter* parameter = find(key))
        assign(*parameter, entry.second, mark);
      else
        at(mark, unknown(key));
    }
  }

  void read_section(const std::string& section, const YAML::Node& node, const YAML::Mark& mark) {
    if (node.IsNull()) return;
    if (node.IsMap())
      read_map(node, section + ".");
    else
      at(mark, section + ": expected the keys of this section below it");
  }

  /// A value that is left out has the place of its key: yaml-cpp puts it on the next line.
  void assign(const Parameter& parameter, const YAML::Node& node, const YAML::Mark& key) {
    if (const auto complaint = Assignment::run(parameter, node, task_))
      at(node.IsNull() ? key : complaint->mark, parameter.key + ": " + complaint->text);
    loaded_.origin[parameter.key] = fmt::format("{}:{}", source_.file, key.line + 1);
    line_[parameter.key] = key.line;
  }

  void read_setting(const std::string& setting) {
    const std::size_t equals = setting.find('=');
    const auto refuse = [&](const std::string& text) { mistakes_.push_back({.text = fmt::format("--set {}: {}", setting, text)}); };
    if (equals == std::string::npos) return refuse("expected key=value");
    const std::string key = setting.substr(0, equals);
    const Parameter* parameter = find(key);
    if (parameter == nullptr) return refuse(unknown(key));
    std::string value = setting.substr(equals + 1);
    if (parameter->type().starts_with("list") && !value.starts_with("[") && value != "auto") value = "[" + value + "]";
    try {
      if (const auto complaint = Assignment::run(*parameter, value_of(*parameter, value), task_)) refuse(complaint->text);
    } catch (const YAML::Exception& error) {
      refuse("no valid YAML value: " + error.msg);
    }
    loaded_.origin[key] = "--set";
  }

  /// The text is the value as it stands where a text or a path is wanted: colons, spaces and quotes mean themselves.
  static YAML::Node value_of(const Parameter& parameter, const std::string& value) {
    const std::string type = parameter.type();
    if (type == "text" || (type == "path" && value != "none" && value != "null")) return YAML::Node(value);
    return YAML::Load(value);
  }

  bool is_given(const std::string& key) const { return loaded_.origin.at(key) != "default"; }
  bool is_section(const std::string& word) const {
    return std::any_of(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.key.starts_with(word + "."); });
  }
  const Parameter* find(const std::string& key) const {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.key == key; });
    return found == parameters_.end() ? nullptr : &*found;
  }
  std::string unknown(const std::string& key) const {
    std::vector<std::string> keys;
    const std::string last = key.substr(key.rfind('.') + 1);
    for (const Parameter& parameter : parameters_) {
      keys.push_back(parameter.key);
      if (parameter.key.ends_with("." + last)) return fmt::format("{}: unknown key, did you mean {}?", key, parameter.key);
    }
    const std::string near = similar_word(key, keys);
    return near.empty() ? key + ": unknown key" : fmt::format("{}: unknown key, did you mean {}?", key, near);
  }

  void at(const YAML::Mark& mark, const std::string& text) {
    mistakes_.push_back({true, mark.line, mark.column, fmt::format("{}:{}:{}: {}", source_.file, mark.line + 1, mark.column + 1, text)});
  }
  /// A mistake that concerns a key, wherever its value came from.
  void complain(const std::string& key, const std::string& text) {
    const std::string& origin = loaded_.origin.at(key);
    const bool in_file = is_given(key) && origin != "--set";
    const std::string place = in_file ? origin : is_given(key) ? "--set" : source_.file.empty() ? "config" : source_.file;
    mistakes_.push_back({.in_file = in_file, .line = in_file ? line_.at(key) : 0, .text = fmt::format("{}: {}: {}", place, key, text)});
  }

  void resolve_exchanges();
  void resolve();
  void check_together();

  const ConfigSource& source_;
  std::string task_;
  LoadedConfig loaded_;
  std::vector<Parameter> parameters_;
  std::map<std::string, int> line_;  ///< of the keys that the file gives
  std::vector<Mistake> mistakes_;
};

void Reading::resolve_exchanges() {
  constexpr std::int64_t kRelaxedExchanges = 1000;
  SelectConfig& select = loaded_.values.select;
  if (!is_given("select.max_exchanges") && select.method == "relaxed") select.max_exchanges = kRelaxedExchanges;
}

/// Fills in the defaults that hang on more than the task.
void Reading::resolve() {
  Config& c = loaded_.values;
  constexpr double kMoviesRate = 3e-4;
  constexpr std::int64_t kSmallBudget = 128, kEvalStepsAbove = 20;
  if (!is_given("finetune.learning_rate") && !c.is_ctrpre() && c.data.format == "amazon_movies") c.finetune.learning_rate = kMoviesRate;
  if (!is_given("finetune.eval_steps") && c.is_ctrpre() && c.select.budget > kSmallBudget) c.finetune.eval_steps = kEvalStepsAbove;
  if (c.prompt.domain == "auto")
    c.prompt.domain = c.data.format == "amazon_games" ? "games" : c.data.format == "amazon_food" ? "food" : "movies";
  if (c.data.format != "alpaca") {
    const double size = c.data.format == "amazon_games" || c.data.format == "amazon_movies" ? 5000 : 0.1;
    if (!c.data.valid_size) c.data.valid_size = size;
    if (!c.data.test_size) c.data.test_size = size;
  }
  check_together();
  if (c.run.name == "auto") c.run.name = fmt::format("{}-{}-{}", c.data.name, c.task, config_sha256(c).substr(0, 10));
}

/// Rules between keys.
void Reading::check_together() {
  const Config& c = loaded_.values;
  const auto names_folder = [](const std::string& name) {
    return name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](unsigned char x) { return std::isalnum(x) != 0 || x == '.' || x == '_' || x == '-'; });
  };
  for (const auto& [key, name] : {std::pair("data.name", c.data.name), std::pair("run.name", c.run.name)})
    if (!names_folder(name)) complain(key, fmt::format("'{}' names a folder: only letters, digits, '.', '_' and '-'", name));
  if (c.finetune.batch_size % c.finetune.micro_batch_size != 0)
    complain("finetune.batch_size",
             fmt::format("{} is no multiple of finetune.micro_batch_size, {}", c.finetune.batch_size, c.finetune.micro_batch_size));
  if (c.lora.target_modules.empty()) complain("lora.target_modules", "the list is empty");
  if (c.evaluate.top_k.empty()) complain("evaluate.top_k", "the list is empty");
  if (c.data.classes.size() == 1) complain("data.classes", "one class, at least 2 were expected");
  if (c.evaluate.adapter == "start" && c.model.adapter.empty()) complain("evaluate.adapter", "'start' needs model.adapter");
  for (const auto& [key, size] : {std::pair("data.valid_size", c.data.valid_size), std::pair("data.test_size", c.data.test_size)})
    if (size && *size >= 1 && *size != std::floor(*size)) complain(key, fmt::format("{} is neither a share below 1 nor a count", *size));

  const auto needs = [&](const char* key, const std::filesystem::path& path) {
    if (path.empty()) complain(key, fmt::format("is missing, format {} needs it", c.data.format));
  };
  const auto has_no = [&](const char* key, const std::filesystem::path& path) {
    if (!path.empty()) complain(key, fmt::format("format {} does not read it", c.data.format));
  };
  const bool alpaca = c.data.format == "alpaca";
  for (const auto& [key, path] :
       {std::pair("data.train", &c.data.train), std::pair("data.valid", &c.data.valid), std::pair("data.test", &c.data.test)})
    alpaca ? needs(key, *path) : has_no(key, *path);
  for (const auto& [key, path] : {std::pair("data.reviews", &c.data.reviews), std::pair("data.metadata", &c.data.metadata)})
    alpaca ? has_no(key, *path) : needs(key, *path);
  if (alpaca && !c.is_ctrpre()) needs("data.items", c.data.items);
}

}  // namespace

LoadedConfig load_config(const ConfigSource& source) {
  Reading first(source, "seqrec");  // tells the task, on which defaults hang
  first.read_all();
  const std::string task = first.loaded().values.task;
  Reading reading(source, task);
  reading.read_all();
  reading.fail_with_mistakes();
  return std::move(reading.loaded());
}

LoadedConfig default_config(const std::string& task, const std::vector<std::string>& settings) {
  const ConfigSource source{"", "", settings};
  Reading reading(source, task);
  reading.read_settings();
  reading.fail_with_mistakes();
  reading.loaded().values.task = task;
  return std::move(reading.loaded());
}

Config default_config(const std::string& task) { return default_config(task, {}).values; }

std::vector<std::string> missing_paths(const LoadedConfig& config) {
  std::vector<std::string> missing;
  Config values = config.values;
  for (const Parameter& parameter : parameters_of(values)) {
    std::filesystem::path path;
    if (const auto* const* as_path = std::get_if<std::filesystem::path*>(&parameter.value)) path = **as_path;
    if (const auto* const* text = std::get_if<std::string*>(&parameter.value); text != nullptr && parameter.range.or_path)
      if (std::find(parameter.range.choices.begin(), parameter.range.choices.end(), **text) == parameter.range.choices.end()) path = **text;
    if (!path.empty() && parameter.key != "work_dir" && !std::filesystem::exists(path))
      missing.push_back(fmt::format("{}: {}: no such file or folder: {}", config.origin.at(parameter.key), parameter.key, path.string()));
  }
  return missing;
}

}  // namespace goracs
