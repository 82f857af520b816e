#pragma once

#include <string_view>

namespace goracs::terminal {

/// Standard error is a terminal.
bool is_there();
/// Colours are wanted: a terminal, and NO_COLOR is unset or empty.
bool has_colours();

/// Draws a bar in the last line, over the one before it. Only where there is a terminal.
void draw_bar(std::string_view text);
/// Takes the bar away, so that a line may be written; the next draw_bar brings it back.
void erase_bar();

}  // namespace goracs::terminal
