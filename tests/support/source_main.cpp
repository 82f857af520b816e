// main of programs that hold the tests of several sources: `test_data --source=unit/test_histories.cpp` runs those of one, without --source
// all. A source that has no test is an error.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

/// GoogleTest's filter for the tests whose file ends with `source`; empty when there is none.
std::string filter_of(std::string_view source) {
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  std::string filter;
  for (int s = 0; s < all.total_test_suite_count(); ++s) {
    const testing::TestSuite& suite = *all.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t) {
      const testing::TestInfo& test = *suite.GetTestInfo(t);
      if (!std::string_view(test.file()).ends_with(source)) continue;
      filter += std::string(suite.name()) + "." + test.name() + ":";
    }
  }
  return filter;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  constexpr std::string_view kOption = "--source=";
  for (int a = 1; a < argc; ++a) {
    const std::string_view argument = argv[a];
    if (!argument.starts_with(kOption)) {
      std::fprintf(stderr, "unknown argument %s\n", argv[a]);
      return 2;
    }
    const std::string filter = filter_of(argument.substr(kOption.size()));
    if (filter.empty()) {
      std::fprintf(stderr, "no test of %s here\n", argv[a] + kOption.size());
      return 2;
    }
    // what was chosen on the command line of a run by hand stays
    if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, filter);
  }
  return RUN_ALL_TESTS();
}
