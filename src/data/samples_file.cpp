#include "data/samples_file.hpp"

#include "base/error.hpp"

namespace goracs {
namespace {

static_assert(sizeof(TitleSpan) == 2 * sizeof(std::int32_t), "spans are written as pairs of numbers");

template <class Column>
void write_column(H5File& file, const std::string& name, const Column& column) {
  std::vector<const char*> texts(column.size());
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = column.c_str(i);
  file.write_strings(name, std::span<const char* const>(texts));
}

template <class Column>
void read_column(const H5File& file, const std::string& name, Column& column) {
  const auto texts = file.read_strings(name);
  column.reserve(texts.size());
  for (const std::string& text : texts) column.push_back(text);
}

void write_split(H5File& file, const std::string& split, const SampleTable& table) {
  const std::string group = "/" + split + "/";
  write_column(file, group + "instruction", table.instruction);
  write_column(file, group + "input", table.input);
  write_column(file, group + "output", table.output);
  write_column(file, group + "user", table.user);
  file.write<std::int32_t>(group + "label", table.label, "class, -1 where there are none");
  file.write<std::int64_t>(group + "history_offset", table.span_offset, "first row of each sample in history_span");
  const Shape shape = {static_cast<std::int64_t>(table.spans.size()), 2};
  const std::span numbers(reinterpret_cast<const std::int32_t*>(table.spans.data()), 2 * table.spans.size());
  file.write<std::int32_t>(group + "history_span", shape, numbers, "first byte and bytes of each title in input, oldest first", "byte");
}

void check_spans(const H5File& file, const std::string& split, const SampleTable& table) {
  const auto& offset = table.span_offset;
  bool good =
      offset.size() == table.input.size() + 1 && offset.front() == 0 && offset.back() == static_cast<std::int64_t>(table.spans.size());
  for (std::size_t i = 0; good && i < table.input.size(); ++i) {
    good = offset[i] <= offset[i + 1] && offset[i + 1] <= offset.back();
    const auto bytes = static_cast<std::int64_t>(table.input[i].size());
    for (std::int64_t k = offset[i]; good && k < offset[i + 1]; ++k) {
      const TitleSpan span = table.spans[static_cast<std::size_t>(k)];
      good = span.begin >= 0 && span.length >= 2 && std::int64_t{span.begin} + span.length <= bytes;
    }
    GORACS_CHECK_INPUT(good, "{}: /{}/history_span does not fit the input of sample {}", file.path(), split, i);
  }
  GORACS_CHECK_INPUT(good, "{}: /{}/history_offset does not fit its {} samples", file.path(), split, table.input.size());
}

}  // namespace

void write_samples(H5File& file, const Dataset& dataset) {
  write_split(file, "train", dataset.train);
  write_split(file, "valid", dataset.valid);
  write_split(file, "test", dataset.test);
  if (!dataset.classes.empty()) file.write_strings("/classes", dataset.classes, "what the labels stand for");
  if (dataset.items.titles.empty()) return;
  file.write_strings("/items/title", dataset.items.titles);
  file.write<std::int64_t>("/items/id", dataset.items.ids);
  file.write<std::int64_t>("/test/negatives", {dataset.test.size(), NegativeDraw::kNegatives}, dataset.negatives, "rows of /items");
}

SampleTable read_samples(const H5File& file, const std::string& split) {
  const std::string group = "/" + split + "/";
  SampleTable table;
  read_column(file, group + "instruction", table.instruction);
  read_column(file, group + "input", table.input);
  read_column(file, group + "output", table.output);
  read_column(file, group + "user", table.user);
  const auto rows = static_cast<std::int64_t>(table.input.size());
  for (const std::size_t size : {table.instruction.size(), table.output.size(), table.user.size()})
    GORACS_CHECK_INPUT(size == table.input.size(), "{}: /{}: columns of {} and {} samples", file.path(), split, size, rows);
  table.label = file.read<std::int32_t>(group + "label", {rows});
  table.span_offset = file.read<std::int64_t>(group + "history_offset", {rows + 1});
  const auto numbers = file.read<std::int32_t>(group + "history_span");
  for (std::size_t k = 0; k + 1 < numbers.size(); k += 2) table.spans.push_back({numbers[k], numbers[k + 1]});
  check_spans(file, split, table);
  return table;
}

ItemList read_items(const H5File& file) {
  ItemList items;
  items.titles = file.read_strings("/items/title");
  items.ids = file.read<std::int64_t>("/items/id", {static_cast<std::int64_t>(items.titles.size())});
  return items;
}

std::vector<std::int64_t> read_negatives(const H5File& file) { return file.read<std::int64_t>("/test/negatives"); }

std::vector<std::string> read_classes(const H5File& file) { return file.read_strings("/classes"); }

}  // namespace goracs
