#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "eval/classification_metrics.hpp"
#include "eval/item_titles.hpp"
#include "eval/ranking_metrics.hpp"
#include "support/golden.hpp"

namespace goracs {
namespace {

constexpr double kMetricTolerance = 1e-12;  // golden/README: metrics, absolute

TEST(GoldenMetrics, ClassificationEqualsScikitLearn) {
  for (const auto& path : test::golden_files("metrics", "classification.h5")) {
    const H5File file = H5File::open(path);
    const auto groups = file.names();
    ASSERT_FALSE(groups.empty()) << path;
    for (const auto& group : groups) {
      SCOPED_TRACE(path.string() + " " + group);
      const auto label = file.read<std::int64_t>(group + "/label");
      const auto score = file.read<double>(group + "/score");
      EXPECT_NEAR(roc_auc(label, score).value, file.number_attribute("roc_auc", group), kMetricTolerance);
      EXPECT_NEAR(log_loss(label, score).value, file.number_attribute("log_loss_clipped", group), kMetricTolerance);
    }
  }
}

void expect_ranks(const H5File& file, const std::string& suffix, const std::vector<std::int64_t>& ranks) {
  EXPECT_EQ(ranks, file.read<std::int64_t>("rank" + suffix));
  const auto top_k = file.read<std::int64_t>("topk");
  const auto hits = file.read<double>("hit_rate" + suffix), gains = file.read<double>("ndcg" + suffix);
  for (std::size_t k = 0; k < top_k.size(); ++k) {
    EXPECT_NEAR(hit_rate(ranks, top_k[k]).value, hits[k], kMetricTolerance);
    EXPECT_NEAR(ndcg(ranks, top_k[k]).value, gains[k], kMetricTolerance);
  }
}

TEST(GoldenMetrics, RankingEqualsTheAuthorsScript) {
  std::size_t cases = 0;
  for (const auto& path : test::golden_files("metrics", ".h5")) {
    if (!path.filename().string().starts_with("ranking")) continue;
    SCOPED_TRACE(path.string());
    const H5File file = H5File::open(path);
    std::ifstream stream(std::filesystem::path(path).replace_extension(".json"));
    const auto json = nlohmann::json::parse(stream);
    const ItemTitles titles(json.at("item_titles").get<std::vector<std::string>>());
    const Shape items_shape = file.shape("item_embeddings"), predicted_shape = file.shape("predicted_embeddings");
    auto items = file.read<float>("item_embeddings");
    auto predicted = file.read<float>("predicted_embeddings");
    const MatrixView<const float> item_rows(items.data(), items_shape[0], items_shape[1]);
    const MatrixView<const float> predictions(predicted.data(), predicted_shape[0], predicted_shape[1]);

    std::vector<std::int64_t> ranks, ranks_distinct;
    for (const auto& sample : json.at("tests")) {
      const auto targets = titles.rows_of(clean_title(sample.at("output").get<std::string>()));
      ASSERT_FALSE(targets.empty());
      std::vector<std::int64_t> negatives, distinct;  // one row a title
      for (const auto& title : sample.at("neg_samples").get<std::vector<std::string>>()) {
        negatives.push_back(titles.rows_of(title)[0]);
        if (std::find(distinct.begin(), distinct.end(), negatives.back()) == distinct.end()) distinct.push_back(negatives.back());
      }
      const auto prediction = predictions.row(static_cast<std::int64_t>(ranks.size()));
      ranks.push_back(rank_by_distance(item_rows, prediction, targets, titles.expanded(negatives)));
      ranks_distinct.push_back(rank_by_distance(item_rows, prediction, targets, titles.expanded(distinct)));
    }
    expect_ranks(file, "", ranks);
    expect_ranks(file, "_distinct", ranks_distinct);
    ++cases;
  }
  EXPECT_GT(cases, 0U) << "no ranking*.h5 among the golden metrics";
}

}  // namespace
}  // namespace goracs
