#include <algorithm>

#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "data/samples_file.hpp"
#include "model/encoder.hpp"
#include "stages/language_model.hpp"
#include "stages/stage_identity.hpp"
#include "stages/stages.hpp"
#include "stages/text_embeddings.hpp"
#include "stages/title_embeddings.hpp"

namespace goracs {
namespace {

std::vector<std::string> embedding_texts(const SampleTable& table, const Config& config) {
  const PromptTemplate prompt_template = PromptTemplate::named(config.prompt.template_name);
  const Task task = config.is_ctrpre() ? Task::kCtrPre : Task::kSeqRec;
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < table.size(); ++i) texts.push_back(embedding_text(prompt_template, task, table[i]));
  return texts;
}

/// The items' titles as the bare language model sees them, (I, h); none when stopped.
std::optional<Matrix<float>> item_embeddings(StageContext& context) {
  Communicator& world = context.world();
  std::unique_ptr<LanguageModel> model;
  std::vector<std::string> titles;
  together(world, [&] {
    model = std::make_unique<LanguageModel>(context.config(), std::vector<std::string>{}, world);
    for (const std::string& title : read_items(context.open_input(Stage::kPrepare, "samples.h5")).titles)
      titles.push_back(item_text(title));
    model->load(title_plan(Stage::kEmbed, context.config(), model->shapes(), kTitleBatch, world.size()));
  });
  TitleEmbeddings items(context, *model, titles, "items.h5");
  if (!items.fill()) return std::nullopt;
  return std::move(items).table();
}

void write_items(const StageContext& context, const Matrix<float>& items) {
  H5File file = context.folder().create_h5("items.h5", language_model_provenance(context.config(), context.provenance()));
  file.create_matrix<float>("/items", items.rows(), items.cols(), "last hidden state of each item's title under the bare language model");
  file.write_rows<float>("/items", 0, items);
  file.close();
}

}  // namespace

StageEnd embed(StageContext& context) {
  Communicator& world = context.world();
  TextEmbeddings table(context);
  std::int64_t num_train = 0;
  together(world, [&] {
    const H5File samples = context.open_input(Stage::kPrepare, "samples.h5");
    table.add_texts(embedding_texts(read_samples(samples, "train"), context.config()));
    num_train = table.size();
    table.add_texts(embedding_texts(read_samples(samples, "valid"), context.config()));
  });

  if (!table.fill()) return StageEnd::kStopped;
  const bool has_items = !context.config().is_ctrpre();
  const std::optional<Matrix<float>> items = has_items ? item_embeddings(context) : Matrix<float>();
  if (!items) return StageEnd::kStopped;

  on_root(world, [&] {
    H5File file = context.folder().create_h5("embeddings.h5", context.provenance());
    table.write_rows(file, "/train", 0, num_train, "pool samples, mean of the encoder's last hidden states");
    table.write_rows(file, "/valid", num_train, table.size() - num_train, "validation samples, mean of the encoder's last hidden states");
    file.close();
    if (has_items) write_items(context, *items);
  });
  log_info("embed: {} samples, {} items", table.size(), items->rows());
  return context.seal();
}

}  // namespace goracs
