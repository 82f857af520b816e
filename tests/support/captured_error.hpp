#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace goracs::test {

/// All that `work` writes to standard error, which is a pipe meanwhile, or a terminal.
inline std::string captured_error(const std::function<void()>& work, bool terminal = false) {
  int reading = -1, writing = -1;
  if (terminal) {
    reading = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (reading < 0 || ::grantpt(reading) != 0 || ::unlockpt(reading) != 0) throw std::runtime_error("no terminal");
    writing = ::open(::ptsname(reading), O_RDWR | O_NOCTTY | O_CLOEXEC);
  } else {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    reading = ends[0], writing = ends[1];
  }
  std::string text;
  std::thread reader([&] {
    char piece[65536];
    for (ssize_t size = 0; (size = ::read(reading, piece, sizeof(piece))) > 0;) text.append(piece, static_cast<std::size_t>(size));
  });
  std::fflush(stderr);
  const int before = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  ::dup2(writing, STDERR_FILENO);
  ::close(writing);
  work();
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);  // the last writing end: the reader sees the end
  ::close(before);
  reader.join();
  ::close(reading);
  return text;
}

}  // namespace goracs::test
