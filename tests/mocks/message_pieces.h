// message_pieces: what is recognisable of a catalogue's sentence in a text that has its values.
#pragma once

#include <string>
#include <string_view>

namespace ernstfall {

// The longest piece between two places: what a reader would recognise.
inline std::string longest_piece_of(std::string_view text) {
  std::string best;
  std::string piece;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '{') {
      if (piece.size() > best.size()) best = piece;
      piece.clear();
      while (i < text.size() && text[i] != '}') ++i;
      continue;
    }
    piece += text[i];
  }
  return best;
}

}  // namespace ernstfall
