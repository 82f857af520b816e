#include "artifact/content_hash.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "artifact/folder_hash.hpp"
#include "artifact/layout.hpp"
#include "artifact/provenance.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

const std::vector<double> kLoss{1.5, 2.5};
const std::vector<std::int64_t> kRows{3, 1, 4};
const std::vector<std::string> kTitles{"ab", "c"};

class ContentHash : public testing::Test {
 protected:
  /// The hash of coreset.h5 filled by `fill`.
  std::string of(const std::function<void(H5File&)>& fill) {
    H5File h5 = H5File::create(folder_ / "coreset.h5");
    fill(h5);
    h5.close();
    return content_sha256_of(folder_ / "coreset.h5");
  }
  test::TemporaryFolder folder_;
};

void plain(H5File& h5) {
  h5.write("/loss", std::span<const double>(kLoss));
  h5.write("/rows/chosen", std::span<const std::int64_t>(kRows));
  h5.write_strings("/titles", std::span<const std::string>(kTitles));
  h5.write_attribute("gap", 0.25);
}

TEST_F(ContentHash, HoldsNoOrderOfCreation) {
  EXPECT_EQ(of(plain), of([](H5File& h5) {
              h5.write_attribute("gap", 0.25);
              h5.write_strings("/titles", std::span<const std::string>(kTitles));
              h5.write("/rows/chosen", std::span<const std::int64_t>(kRows));
              h5.write("/loss", std::span<const double>(kLoss));
            }));
}

TEST_F(ContentHash, HoldsNoProvenanceTimesOrDescriptions) {
  EXPECT_EQ(of(plain), of([](H5File& h5) {
              Provenance provenance;
              provenance.command = "goracs select", provenance.hosts = "n1 n2", provenance.world_size = 7, provenance.seed = 3;
              write_provenance(h5, Stage::kSelect, provenance, {{"prepare", "ab"}});
              plain(h5);
              h5.write("/seconds", std::span<const double>(kLoss));
              h5.write("/rows/seconds_each", std::span<const double>(kLoss));
              h5.write_attribute("seconds_greedy", 12.5);
              h5.write_attribute("long_name", std::string("losses"), "/loss");
            }));
}

TEST_F(ContentHash, HoldsEachValueNameTypeShapeAndAttribute) {
  const std::string before = of(plain);
  const std::vector<std::pair<std::string, std::function<void(H5File&)>>> changes{
      {"a value",
       [](H5File& h5) {
         plain(h5);
         h5.write_attribute("gap", 0.5);
       }},
      {"one more attribute",
       [](H5File& h5) {
         plain(h5);
         h5.write_attribute("poo_score", 0.25);
       }},
      {"an attribute's type",
       [](H5File& h5) {
         plain(h5);
         h5.write_attribute("gap", std::string("0.25"));
       }},
      {"units of a dataset",
       [](H5File& h5) {
         plain(h5);
         h5.write_attribute("units", std::string("nat"), "/loss");
       }},
      {"one more dataset",
       [](H5File& h5) {
         plain(h5);
         h5.write("/more", std::span<const double>(kLoss));
       }},
      {"an empty dataset",
       [](H5File& h5) {
         plain(h5);
         h5.write("/more", std::span<const double>());
       }},
  };
  for (const auto& [what, fill] : changes) EXPECT_NE(of(fill), before) << what;

  const auto of_loss = [&](auto values, const Shape& shape, const std::string& name = "/loss") {
    return of([&](H5File& h5) { h5.write(name, shape, std::span<const typename decltype(values)::value_type>(values)); });
  };
  const std::string loss = of_loss(kLoss, {2});
  EXPECT_NE(of_loss(kLoss, {2, 1}), loss);
  EXPECT_NE(of_loss(kLoss, {2}, "/lost"), loss);
  EXPECT_NE(of_loss(std::vector<float>{1.5F, 2.5F}, {2}), loss);
  EXPECT_NE(of_loss(std::vector<double>{1.5, 2.5000000000000004}, {2}), loss);
  const auto of_titles = [&](const std::vector<std::string>& titles) {
    return of([&](H5File& h5) { h5.write_strings("/titles", std::span<const std::string>(titles)); });
  };
  EXPECT_NE(of_titles({"ab", "c"}), of_titles({"a", "bc"}));
}

TEST_F(ContentHash, OfMetricsHoldsNoSeconds) {
  const auto of_metrics = [&](const std::string& text) { return content_sha256_of(folder_.file("metrics.json", text)); };
  const std::string before = of_metrics(R"({"AUC": 0.75, "seconds": 12, "popularity": {"seconds_total": 3, "AUC": 0.5}})");
  EXPECT_EQ(of_metrics(R"({"popularity": {"AUC": 0.5}, "AUC": 0.75, "seconds": 14})"), before);
  EXPECT_NE(of_metrics(R"({"popularity": {"AUC": 0.5}, "AUC": 0.76, "seconds": 12})"), before);
  test::expect_error(ExitCode::kInput, {"metrics.json"}, [&] { of_metrics("{"); });
}

TEST_F(ContentHash, OfOtherFilesIsThatOfTheirBytes) {
  EXPECT_EQ(content_sha256_of(folder_.file("a.json", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180
}

TEST_F(ContentHash, OfAFolderFollowsContentsAndNamesAndRemembersThem) {
  const auto model = folder_ / "model";
  std::filesystem::create_directories(model / ".cache");
  std::ofstream(model / "weights") << "abc";
  const std::string before = folder_sha256(model, folder_ / "work");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "work" / "hashes.json"));
  std::ofstream(model / ".cache" / "etag") << "no matter";
  EXPECT_EQ(folder_sha256(model, folder_ / "work"), before);
  std::ofstream(model / "weights") << "abd";
  const std::string changed = folder_sha256(model, folder_ / "work");
  EXPECT_NE(changed, before);
  EXPECT_EQ(folder_sha256(model, folder_ / "other"), changed);
  std::filesystem::rename(model / "weights", model / "weight");
  EXPECT_NE(folder_sha256(model, folder_ / "work"), changed);
  static_cast<void>(folder_.file("work/hashes.json", "{\"broken"));  // it is only a memory
  std::filesystem::rename(model / "weight", model / "weights");
  EXPECT_EQ(folder_sha256(model, folder_ / "work"), changed);
  test::expect_error(ExitCode::kInput, {"nowhere"}, [&] { folder_sha256(folder_ / "nowhere", folder_ / "work"); });
}

TEST(Layout, RefusesAnotherTypeAndShapesThatDisagree) {
  const test::TemporaryFolder folder;
  const auto checked = [&](const std::function<void(H5File&)>& fill) {
    H5File h5 = H5File::create(folder / "embeddings.h5");
    fill(h5);
    h5.close();
    check_layout(H5File::open(folder / "embeddings.h5"), "embeddings.h5");
  };
  const std::vector<float> six(6);
  const std::vector<double> wide(6);
  const auto train = [&](H5File& h5) { h5.write("/train", {2, 3}, std::span<const float>(six)); };
  checked([&](H5File& h5) { train(h5), h5.write("/valid", {2, 3}, std::span<const float>(six)); });
  test::expect_error(ExitCode::kInput, {"embeddings.h5", "/valid", "missing"}, [&] { checked(train); });
  test::expect_error(ExitCode::kInput, {"/valid", "float64", "float32"},
                     [&] { checked([&](H5File& h5) { train(h5), h5.write("/valid", {2, 3}, std::span<const double>(wide)); }); });
  test::expect_error(ExitCode::kInput, {"/valid", "(3, 2)", "/train", "3"},
                     [&] { checked([&](H5File& h5) { train(h5), h5.write("/valid", {3, 2}, std::span<const float>(six)); }); });
  test::expect_error(ExitCode::kInput, {"/valid", "(6)", "2 dimensions"},
                     [&] { checked([&](H5File& h5) { train(h5), h5.write("/valid", std::span<const float>(six)); }); });
}

}  // namespace
}  // namespace goracs
