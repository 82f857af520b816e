#include "stages/coreset_file.hpp"

#include "base/error.hpp"

namespace goracs {
namespace {

template <class Member, class Record>
std::vector<Member> column(const std::vector<Record>& records, Member Record::* member) {
  std::vector<Member> values;
  for (const Record& record : records) values.push_back(record.*member);
  return values;
}

void write_trace(H5File& file, const std::vector<itra::ExchangeRecord>& trace) {
  using itra::ExchangeRecord;
  file.write<double>("/trace/poo_score", column(trace, &ExchangeRecord::poo_score), "objective after each exchange");
  file.write<double>("/trace/seconds", column(trace, &ExchangeRecord::seconds), "since the refinement began", "s");
  file.write<std::int64_t>("/trace/removed", column(trace, &ExchangeRecord::removed), "pool row that left the coreset");
  file.write<std::int64_t>("/trace/added", column(trace, &ExchangeRecord::added), "pool row that came in");
}

void write_classes(H5File& file, const std::vector<itra::ClassResult>& classes, const std::vector<std::string>& names) {
  using itra::ClassResult;
  if (!names.empty()) file.write_strings("/class/name", names);
  file.write<std::int64_t>("/class/budget", column(classes, &ClassResult::budget), "rows of the coreset");
  file.write<double>("/class/poo_score", column(classes, &ClassResult::poo_score), "objective");
  file.write<double>("/class/lower_bound", column(classes, &ClassResult::lower_bound), "holds for every coreset of this budget");
  file.write<double>("/class/gap", column(classes, &ClassResult::gap), "poo_score / lower_bound - 1");
}

}  // namespace

void write_selection(H5File& file, const itra::Selection& selection, const std::vector<std::string>& class_names) {
  file.write<std::int64_t>("/indices", selection.indices, "pool rows of the coreset, ascending");
  file.write<std::int64_t>("/greedy_indices", selection.greedy_indices, "pool rows of the greedy coreset in the order of adding");
  write_trace(file, selection.trace);
  write_classes(file, selection.classes, class_names);
  file.write_attribute("poo_score", selection.poo_score);
  file.write_attribute("greedy_poo_score", selection.greedy_poo_score);
  file.write_attribute("lower_bound", selection.lower_bound);
  file.write_attribute("gap", selection.gap);
  file.write_attribute("gap_absolute", selection.gap_absolute);
  file.write_attribute("stop_reason", selection.stop_reason);
  file.write_attribute("transport_solves", selection.transport_solves);
  file.write_attribute("seconds_distance", selection.seconds_distance);
  file.write_attribute("seconds_greedy", selection.seconds_greedy);
  file.write_attribute("seconds_refine", selection.seconds_refine);
}

std::vector<std::int64_t> read_coreset(const H5File& file, std::int64_t num_train) {
  std::vector<std::int64_t> indices = file.read<std::int64_t>("/indices");
  GORACS_CHECK_INPUT(!indices.empty() && indices.front() >= 0 && indices.back() < num_train, "{}: /indices lie outside the pool of {} rows",
                     file.path(), num_train);
  return indices;
}

}  // namespace goracs
