#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace goracs::test {

/// All that `work` writes to standard error, which is a pipe meanwhile.
inline std::string captured_error(const std::function<void()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::string text;
  std::thread reader([&] {
    char piece[65536];
    for (ssize_t size = 0; (size = ::read(ends[0], piece, sizeof(piece))) > 0;) text.append(piece, static_cast<std::size_t>(size));
  });
  std::fflush(stderr);
  const int before = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  work();
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);  // the last writing end: the reader sees the end
  ::close(before);
  reader.join();
  ::close(ends[0]);
  return text;
}

}  // namespace goracs::test
