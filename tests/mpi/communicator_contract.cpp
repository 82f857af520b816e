#include "communicator_contract.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>

#include "kernels/device_memory.hpp"
#include "support/expect_error.hpp"
#include "train/gradient_sum.hpp"

namespace goracs::test {
namespace {

using std::int64_t;

/// None, one, odd ones, and some beyond every internal block (a small message is 4096 bytes).
constexpr std::size_t kLengths[] = {0, 1, 3, 31, 513, 1025, 5003};

/// What rank r has at place k: small whole numbers, whose sums are exact in every type.
template <class T>
T value_of(int rank, std::size_t k) {
  return static_cast<T>(static_cast<int64_t>(k * 31 + static_cast<std::size_t>(rank * rank) * 7) % 97 - 40);
}

template <class T>
std::vector<T> values_of(int rank, std::size_t length) {
  std::vector<T> values(length);
  for (std::size_t k = 0; k < length; ++k) values[k] = value_of<T>(rank, k);
  return values;
}

template <class T>
T naive(int ranks, std::size_t k, ReduceOp op) {
  T result = value_of<T>(0, k);
  for (int r = 1; r < ranks; ++r) {
    const T next = value_of<T>(r, k);
    result = op == ReduceOp::kSum ? result + next : op == ReduceOp::kMin ? std::min(result, next) : std::max(result, next);
  }
  return result;
}

template <class T>
void check_all_reduce(Communicator& world) {
  for (const std::size_t length : kLengths)
    for (const ReduceOp op : {ReduceOp::kSum, ReduceOp::kMin, ReduceOp::kMax}) {
      std::vector<T> values = values_of<T>(world.rank(), length), expected(length);
      for (std::size_t k = 0; k < length; ++k) expected[k] = naive<T>(world.size(), k, op);
      world.all_reduce(std::span<T>(values), op);
      EXPECT_EQ(values, expected) << length << " values";
    }
}

void ranks_are_numbered_from_zero(Communicator& world) {
  EXPECT_EQ(world.is_root(), world.rank() == 0);
  const int own[] = {world.rank(), world.local_rank()};
  const std::vector<int> all = world.all_gather(std::span<const int>(own));
  ASSERT_EQ(all.size(), 2U * static_cast<std::size_t>(world.size()));
  for (int r = 0; r < world.size(); ++r) EXPECT_EQ(all[static_cast<std::size_t>(2 * r)], r);
  EXPECT_EQ(world.local_size(), world.size()) << "tests run on one host";
  EXPECT_EQ(world.local_rank(), world.rank());
}

void a_barrier_waits_for_the_last(Communicator& world) {
  constexpr std::chrono::milliseconds kLate{60}, kClockError{5};
  world.barrier("before");
  const auto begin = std::chrono::steady_clock::now();
  if (world.rank() == world.size() - 1) std::this_thread::sleep_for(kLate);
  world.barrier("the late one");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, kLate - kClockError);
}

void reduces_doubles(Communicator& world) { check_all_reduce<double>(world); }
void reduces_floats(Communicator& world) { check_all_reduce<float>(world); }
void reduces_integers(Communicator& world) { check_all_reduce<int64_t>(world); }

void reduces_large_integers_exactly(Communicator& world) {
  const int64_t large = (int64_t{1} << 60) + world.rank();  // no double holds it
  EXPECT_EQ(world.all_reduce(large, ReduceOp::kMax), (int64_t{1} << 60) + world.size() - 1);
  EXPECT_EQ(world.all_reduce(large, ReduceOp::kMin), int64_t{1} << 60);
}

/// (((a0 + a1) + a2) ...) to the bit, whatever the length: the sum depends on the order, 1e16 swallows what is added to it.
void sums_in_rank_order(Communicator& world) {
  const auto part = [&](int rank, std::size_t k) {
    return rank % 3 == 1 ? 1e16 : rank % 3 == 2 ? -1e16 : 1.0 + 0.25 * static_cast<double>(k % 5);
  };
  for (const std::size_t length : kLengths) {
    std::vector<double> values(length), expected(length);
    for (std::size_t k = 0; k < length; ++k) {
      values[k] = part(world.rank(), k);
      expected[k] = part(0, k);
      for (int r = 1; r < world.size(); ++r) expected[k] += part(r, k);
    }
    world.all_reduce(std::span<double>(values), ReduceOp::kSum);
    EXPECT_TRUE(length == 0 || std::memcmp(values.data(), expected.data(), length * sizeof(double)) == 0) << length << " values";
  }
}

void finds_the_row_of_the_smallest_score(Communicator& world) {
  // the last rank has the smallest score
  const ScoredRow one = world.min_with_row({10.0 - world.rank(), 100 + world.rank()});
  EXPECT_EQ(one.score, 11.0 - world.size());
  EXPECT_EQ(one.row, 99 + world.size());
}

void ties_go_to_the_lower_row(Communicator& world) {
  // equal scores: the last rank holds the lowest row
  const ScoredRow tied = world.min_with_row({0.25, 1000 - 10 * world.rank()});
  EXPECT_EQ(tied.score, 0.25);
  EXPECT_EQ(tied.row, 1000 - 10 * (world.size() - 1));
  const ScoredRow zeros = world.min_with_row({world.is_root() ? 0.0 : -0.0, 7 - world.rank()});
  EXPECT_EQ(zeros.row, 7 - (world.size() - 1)) << "0 and -0 are equal";
}

void a_rank_without_a_candidate_does_not_win(Communicator& world) {
  const double infinity = std::numeric_limits<double>::infinity();
  const bool last = world.rank() == world.size() - 1;
  const ScoredRow one = world.min_with_row(last ? ScoredRow{3.5, 12} : ScoredRow{infinity, -1});
  EXPECT_EQ(one.score, 3.5);
  EXPECT_EQ(one.row, 12);
  const ScoredRow none = world.min_with_row({infinity, -1});
  EXPECT_EQ(none.score, infinity);
  EXPECT_EQ(none.row, -1);
}

void broadcasts_from_every_root(Communicator& world) {
  for (int root = 0; root < world.size(); ++root)
    for (const std::size_t length : kLengths) {
      std::vector<float> values = world.rank() == root ? values_of<float>(root, length) : std::vector<float>(length, -1.0F);
      world.broadcast(std::span<float>(values), root);
      EXPECT_EQ(values, values_of<float>(root, length)) << length << " values of rank " << root;
    }
}

void broadcasts_a_length_that_only_the_root_knows(Communicator& world) {
  for (int root = 0; root < world.size(); ++root)
    for (const std::size_t length : kLengths) {
      auto values = values_of<std::int16_t>(root, world.rank() == root ? length : 5);
      world.broadcast(values, root);
      EXPECT_EQ(values, values_of<std::int16_t>(root, length)) << length << " values of rank " << root;
    }
}

/// How many values a rank gives: none on rank 0 and on every third after it.
std::size_t share_of(int rank, std::size_t length) { return rank % 3 == 0 ? 0 : length + static_cast<std::size_t>(rank); }

template <class T>
std::vector<T> in_rank_order(int ranks, std::size_t length) {
  std::vector<T> all;
  for (int r = 0; r < ranks; ++r) {
    const auto part = values_of<T>(r, share_of(r, length));
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

void gathers_unequal_spans_everywhere(Communicator& world) {
  for (const std::size_t length : kLengths) {
    const auto own = values_of<std::int32_t>(world.rank(), share_of(world.rank(), length));
    EXPECT_EQ(world.all_gather(std::span<const std::int32_t>(own)), in_rank_order<std::int32_t>(world.size(), length)) << length;
  }
}

void gathers_unequal_spans_at_every_root(Communicator& world) {
  for (int root = 0; root < world.size(); ++root)
    for (const std::size_t length : kLengths) {
      const auto own = values_of<double>(world.rank(), share_of(world.rank(), length));
      const auto all = world.gather(std::span<const double>(own), root);
      EXPECT_EQ(all, world.rank() == root ? in_rank_order<double>(world.size(), length) : std::vector<double>()) << length;
    }
}

/// Bytes whose number no type divides, so that a split falls inside a value.
void gathers_bytes_of_odd_lengths(Communicator& world) {
  const std::size_t length = 5003;
  std::vector<char> own(length - static_cast<std::size_t>(world.rank()), static_cast<char>('a' + world.rank()));
  std::string expected;
  for (int r = 0; r < world.size(); ++r) expected.append(length - static_cast<std::size_t>(r), static_cast<char>('a' + r));
  const std::vector<char> all = world.all_gather(std::span<const char>(own));
  EXPECT_EQ(std::string(all.begin(), all.end()), expected);
}

void gathers_while_it_works(Communicator& world) {
  for (const std::size_t length : kLengths) {
    const auto own = values_of<std::int16_t>(world.rank(), length);
    std::vector<std::int16_t> all(length * static_cast<std::size_t>(world.size()), -1), expected;
    for (int r = 0; r < world.size(); ++r) {
      const auto part = values_of<std::int16_t>(r, length);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    world.begin_gather("gather beside work", std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)));
    world.advance_gather();
    EXPECT_EQ(world.all_reduce<int64_t>(1, ReduceOp::kSum), world.size()) << "another exchange in between";
    world.end_gather();
    EXPECT_EQ(all, expected) << length;
  }
}

/// As layers in slices do, one gather after the other; some ranks come late, look oftener than others, or do other exchanges first.
void gathers_on_the_device_while_it_works(Communicator& world) {
  if (!world.gathers_on_device()) {
    expect_error(ExitCode::kPeer, {"'gather of nothing'", "no device memory"},
                 [&] { world.begin_device_gather("gather of nothing", {}, {}); });
    return;
  }
  constexpr std::size_t kUneven = 3;
  std::size_t turn = static_cast<std::size_t>(world.rank());
  for (const bool others_between : {false, true})
    for (const std::size_t length : kLengths) {
      const cuda::DeviceArray<std::int16_t> own(std::span<const std::int16_t>(values_of<std::int16_t>(world.rank(), length)));
      cuda::DeviceArray<std::int16_t> all(static_cast<int64_t>(length) * world.size());
      std::vector<std::int16_t> expected;
      for (int r = 0; r < world.size(); ++r) {
        const auto part = values_of<std::int16_t>(r, length);
        expected.insert(expected.end(), part.begin(), part.end());
      }
      if (turn++ % kUneven == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      world.begin_device_gather("gather beside work", std::as_bytes(own.span()), std::as_writable_bytes(all.span()));
      for (std::size_t look = 0; look < turn % kUneven; ++look) world.advance_gather();
      if (others_between) {
        world.still_working();
        world.barrier("within a gather");
        EXPECT_EQ(world.all_reduce<int64_t>(1, ReduceOp::kSum), world.size());
        const auto unequal = values_of<std::int32_t>(world.rank(), share_of(world.rank(), length));
        EXPECT_EQ(world.all_gather(std::span<const std::int32_t>(unequal)), in_rank_order<std::int32_t>(world.size(), length));
      }
      world.end_gather();
      EXPECT_EQ(all.to_host(), expected) << length;
    }
}

/// What rank `from` gives rank `to` in exchange `nth`: nothing to some.
std::vector<std::byte> part_of(int from, int to, std::size_t nth) {
  const auto values = values_of<std::int16_t>(5 * from + to, (from + 2 * to) % 3 == 1 ? 0 : kLengths[nth] + static_cast<std::size_t>(to));
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

void exchanges_beside_work(Communicator& world) {
  std::vector<std::unique_ptr<PendingExchange>> begun;
  for (std::size_t nth = 0; nth < std::size(kLengths); ++nth) {
    std::vector<std::vector<std::byte>> parts;
    std::vector<std::size_t> lengths;
    for (int r = 0; r < world.size(); ++r) {
      parts.push_back(part_of(world.rank(), r, nth));
      lengths.push_back(part_of(r, world.rank(), nth).size());
    }
    begun.push_back(world.begin_exchange("beside work", std::move(parts), std::move(lengths)));
    if (world.rank() % 2 == 0) begun[nth / 2]->advance();  // some look oftener than others
  }
  for (std::size_t nth = 0; nth < begun.size(); ++nth) {
    const std::vector<std::vector<std::byte>> arrived = begun[nth]->finish();
    ASSERT_EQ(arrived.size(), static_cast<std::size_t>(world.size()));
    for (int r = 0; r < world.size(); ++r)
      EXPECT_EQ(arrived[static_cast<std::size_t>(r)], part_of(r, world.rank(), nth)) << "from rank " << r << ", exchange " << nth;
  }
  begun.clear();
  EXPECT_EQ(world.all_reduce<int64_t>(1, ReduceOp::kSum), world.size()) << "another exchange after them";
}

void exchanges_beside_work_within_a_gather(Communicator& world) {
  if (!world.gathers_on_device()) return;
  const cuda::DeviceArray<std::int16_t> own(std::span<const std::int16_t>(values_of<std::int16_t>(world.rank(), 31)));
  cuda::DeviceArray<std::int16_t> all(31 * world.size());
  world.begin_device_gather("gather beside work", std::as_bytes(own.span()), std::as_writable_bytes(all.span()));
  std::vector<std::vector<std::byte>> parts(static_cast<std::size_t>(world.size()), part_of(world.rank(), world.rank() + 1, 3));
  std::vector<std::size_t> lengths;
  for (int r = 0; r < world.size(); ++r) lengths.push_back(part_of(r, r + 1, 3).size());
  const auto exchange = world.begin_exchange("within a gather", std::move(parts), std::move(lengths));
  if (world.rank() % 2 == 0) exchange->advance();
  const std::vector<std::vector<std::byte>> arrived = exchange->finish();
  for (int r = 0; r < world.size(); ++r) EXPECT_EQ(arrived[static_cast<std::size_t>(r)], part_of(r, r + 1, 3));
  world.end_gather();
  const auto last = values_of<std::int16_t>(world.size() - 1, 31), found = all.to_host();
  EXPECT_TRUE(std::equal(last.begin(), last.end(), found.end() - 31));
}

/// A gradient whose sum depends on the order to the bit.
float gradient_of(std::int64_t micro_batch, std::int64_t parameter) {
  constexpr std::int64_t kPrime = 1009;
  const std::int64_t centred = (micro_batch * 811 + parameter * 307) % kPrime - kPrime / 2;
  return static_cast<float>(centred) * std::ldexp(1.0F / 3, static_cast<int>(micro_batch % 5) * 6);
}

/// ((g_0 + g_1) + g_2) ..., to the bit, whatever is begun before all is computed; some ranks and blocks have nothing.
void sums_gradients_in_micro_batch_order(Communicator& world) {
  constexpr std::int64_t kParameters = 1500;
  const std::vector<RowBlock> buckets{{1498, 1500}, {701, 1498}, {700, 701}, {0, 700}};  // the last layer first
  for (const std::int64_t micro_batches : {1, 4, 7})
    for (const std::size_t begun_early : {0, 1, 3, 4}) {
      GradientSum sum(micro_batches, buckets, world);
      std::vector<std::span<float>> own;
      for (std::int64_t b = world.rank(); b < micro_batches; b += world.size()) {
        own.push_back(sum.add_micro_batch());
        for (std::int64_t k = 0; k < kParameters; ++k) own.back()[static_cast<std::size_t>(k)] = gradient_of(b, k);
      }
      for (std::size_t k = 0; k < begun_early; ++k) {
        sum.begin_bucket();
        if (!own.empty()) own.back()[static_cast<std::size_t>(buckets[k].begin)] = -1;  // what is begun has left
      }
      std::vector<float> expected(kParameters, 0.0F);
      for (std::int64_t b = 0; b < micro_batches; ++b)
        for (std::int64_t k = 0; k < kParameters; ++k) expected[static_cast<std::size_t>(k)] += gradient_of(b, k);
      const std::vector<float> summed = sum.finish();
      ASSERT_EQ(summed.size(), expected.size());
      EXPECT_EQ(std::memcmp(summed.data(), expected.data(), kParameters * sizeof(float)), 0)
          << micro_batches << " micro-batches, " << begun_early << " buckets begun early";
    }
}

void sends_and_receives_in_order(Communicator& world) {
  if (world.size() == 1) return;
  const int last = world.size() - 1;
  for (const std::size_t length : kLengths) {  // there and back
    if (world.is_root()) {
      const auto first = values_of<float>(3, length), second = values_of<float>(4, length);
      world.send(std::span<const float>(first), last);
      world.send(std::span<const float>(second), last);
      std::vector<float> back(2 * length);
      world.receive(std::span<float>(back), last);
      auto expected = first;
      expected.insert(expected.end(), second.begin(), second.end());
      EXPECT_EQ(back, expected) << length;
    } else if (world.rank() == last) {
      std::vector<float> got(2 * length);
      world.receive(std::span<float>(got).first(length), 0);
      world.receive(std::span<float>(got).last(length), 0);
      world.send(std::span<const float>(got), 0);
    }
  }
}

void sends_a_ring(Communicator& world) {
  if (world.size() == 1) return;
  const int next = (world.rank() + 1) % world.size(), before = (world.rank() + world.size() - 1) % world.size();
  int64_t sum = world.rank();
  for (int hop = 1; hop < world.size(); ++hop) {  // every number goes all the way round; the first rank sends first
    int64_t passed = sum;
    std::vector<int64_t> box{passed};
    if (world.is_root()) world.send(std::span<const int64_t>(box), next);
    std::vector<int64_t> got(1);
    world.receive(std::span<int64_t>(got), before);
    if (!world.is_root()) world.send(std::span<const int64_t>(box), next);
    sum = got[0];
  }
  EXPECT_EQ(sum, next) << "after size - 1 hops each rank holds what its successor started with";
}

void different_calls_follow_each_other(Communicator& world) {
  for (int turn = 0; turn < 20; ++turn) {
    const int root = turn % world.size();
    std::vector<int64_t> values{world.rank() == root ? turn : -1};
    world.broadcast(std::span<int64_t>(values), root);
    EXPECT_EQ(world.all_reduce(values[0], ReduceOp::kSum), static_cast<int64_t>(turn) * world.size());
    world.still_working();
    world.barrier("turn");
  }
}

}  // namespace

const std::vector<ContractCase>& contract_cases() {
  static const std::vector<ContractCase> kCases = {{"RanksAreNumberedFromZero", ranks_are_numbered_from_zero},
                                                   {"ABarrierWaitsForTheLast", a_barrier_waits_for_the_last},
                                                   {"ReducesDoubles", reduces_doubles},
                                                   {"ReducesFloats", reduces_floats},
                                                   {"ReducesIntegers", reduces_integers},
                                                   {"ReducesLargeIntegersExactly", reduces_large_integers_exactly},
                                                   {"SumsInRankOrder", sums_in_rank_order},
                                                   {"FindsTheRowOfTheSmallestScore", finds_the_row_of_the_smallest_score},
                                                   {"TiesGoToTheLowerRow", ties_go_to_the_lower_row},
                                                   {"ARankWithoutACandidateDoesNotWin", a_rank_without_a_candidate_does_not_win},
                                                   {"BroadcastsFromEveryRoot", broadcasts_from_every_root},
                                                   {"BroadcastsALengthThatOnlyTheRootKnows", broadcasts_a_length_that_only_the_root_knows},
                                                   {"GathersUnequalSpansEverywhere", gathers_unequal_spans_everywhere},
                                                   {"GathersUnequalSpansAtEveryRoot", gathers_unequal_spans_at_every_root},
                                                   {"GathersBytesOfOddLengths", gathers_bytes_of_odd_lengths},
                                                   {"GathersWhileItWorks", gathers_while_it_works},
                                                   {"GathersOnTheDeviceWhileItWorks", gathers_on_the_device_while_it_works},
                                                   {"ExchangesBesideWorkWithinAGather", exchanges_beside_work_within_a_gather},
                                                   {"ExchangesBesideWork", exchanges_beside_work},
                                                   {"SumsGradientsInMicroBatchOrder", sums_gradients_in_micro_batch_order},
                                                   {"SendsAndReceivesInOrder", sends_and_receives_in_order},
                                                   {"SendsARing", sends_a_ring},
                                                   {"DifferentCallsFollowEachOther", different_calls_follow_each_other}};
  return kCases;
}

}  // namespace goracs::test
