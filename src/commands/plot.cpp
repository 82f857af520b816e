#include "commands/plot.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "artifact/commit.hpp"
#include "commands/figures.hpp"

namespace goracs {
namespace {

struct PlotFlags {
  std::string artifact, out, figure = "poo_score";
  bool sweep = false;
};

/// With the form that the file's name asks for.
void write_figure(const Figure& figure, const std::filesystem::path& out) {
  const std::string form = out.extension();
  GORACS_CHECK_USAGE(form == ".svg" || form == ".png" || form == ".tsv", "--out {}: expected a name that ends in .svg, .png or .tsv",
                     out.string());
  commit_text(std::filesystem::absolute(out), form == ".svg" ? svg(figure) : form == ".png" ? png(figure) : tsv(figure));
  fmt::print("{}\n", out.string());
}

/// "map.svg" -> "map-itra.svg", where there are several methods.
std::filesystem::path with_method(const std::filesystem::path& out, const std::string& method) {
  return out.parent_path() / (out.stem().string() + "-" + method + out.extension().string());
}

void plot_sweep(const PlotFlags& flags, const CommonOptions& options, World& world) {
  const std::vector<HeatMap> maps = heat_maps(sweep_rows(sweep_points(options, world.communicator())), flags.figure);
  for (const HeatMap& map : maps)
    write_figure(map,
                 maps.size() == 1 ? std::filesystem::path(flags.out) : with_method(flags.out, map.title.substr(0, map.title.find(':'))));
}

ExitCode plot(const PlotFlags& flags, const CommonOptions& options, World& world) {
  GORACS_CHECK_USAGE(flags.sweep != !flags.artifact.empty(), "goracs plot: either an artifact, or --sweep with --config");
  GORACS_CHECK_USAGE(!flags.out.empty(), "goracs plot: --out FILE.svg, FILE.png or FILE.tsv is needed");
  if (flags.sweep)
    plot_sweep(flags, options, world);
  else
    write_figure(figure_of(flags.artifact), flags.out);
  return ExitCode::kDone;
}

}  // namespace

Verb plot_verb() {
  const auto flags = std::make_shared<PlotFlags>();
  Verb verb;
  verb.name = "plot";
  verb.summary = "objective per exchange, loss, seconds per stage, or a sweep's lambda x budget map, as SVG, PNG or TSV";
  verb.options = [flags](Flags& declared) {
    declared.word("artifact", flags->artifact, "coreset.h5, history.h5, summary.json, or a folder with one of them");
    declared.text("--out", "FILE", flags->out, "the form follows the name: .svg, .png, .tsv");
    declared.yes("--sweep", flags->sweep, "the points of the config's sweep, one map a method");
    declared.text("--figure", "NAME", flags->figure, "what a map shows: poo_score, gap or a metric (AUC, HR@10)");
  };
  verb.on_ranks = [] { return false; };
  verb.run = [flags](const CommonOptions& options, World& world) { return plot(*flags, options, world); };
  return verb;
}

}  // namespace goracs
