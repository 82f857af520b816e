#include "model/torch_pickle.hpp"

#include <cstring>
#include <deque>
#include <optional>
#include <variant>

#include "base/error.hpp"
#include "base/int128.hpp"
#include "model/zip_entries.hpp"

namespace goracs {
namespace {

struct Value;
using Ref = Value*;  // into the machine's arena: pickles may hold cycles and any depth, which owners of one another could not free
struct None {};
struct Mark {};
struct Global {
  std::string name;  ///< "module attribute"
};
struct Tuple {
  std::vector<Ref> items;
};
struct List {
  std::vector<Ref> items;
};
struct Dict {
  std::vector<std::pair<Ref, Ref>> items;
};
struct Storage {
  DType dtype;
  std::span<const std::byte> bytes;
};
struct Value : std::variant<None, Mark, bool, std::int64_t, double, std::string, Global, Tuple, List, Dict, Storage, TensorView> {
  using variant::variant;
};

/// The storage classes that a saved tensor may name.
std::optional<DType> storage_dtype(const std::string& global) {
  static const std::map<std::string, DType> kStorages = {
      {"torch FloatStorage", DType::kFloat32},  {"torch HalfStorage", DType::kFloat16}, {"torch BFloat16Storage", DType::kBFloat16},
      {"torch DoubleStorage", DType::kFloat64}, {"torch LongStorage", DType::kInt64},   {"torch IntStorage", DType::kInt32},
      {"torch ShortStorage", DType::kInt16},    {"torch CharStorage", DType::kInt8},    {"torch ByteStorage", DType::kUInt8},
      {"torch BoolStorage", DType::kBool}};
  const auto found = kStorages.find(global);
  return found == kStorages.end() ? std::nullopt : std::optional(found->second);
}

bool is_allowed(const std::string& global) {
  return storage_dtype(global) || global == "torch._utils _rebuild_tensor_v2" || global == "torch._utils _rebuild_parameter" ||
         global == "collections OrderedDict";
}

/// A pickle machine for protocols 2 to 4 that knows dicts of tensors and nothing else; it calls no code.
class Machine {
 public:
  Machine(std::span<const std::byte> program, const std::map<std::string, std::span<const std::byte>>& entries, std::string prefix,
          const std::string& name)
      : program_(program), entries_(entries), prefix_(std::move(prefix)), name_(name) {}

  Ref run() {
    while (true) {
      const auto op = static_cast<unsigned char>(take(1)[0]);
      if (op == '.') return pop();
      step(op);
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail(ExitCode::kInput, "{}: {}: not a plain dict of tensors", name_, what); }

  std::span<const std::byte> take(std::uint64_t size) {
    GORACS_CHECK_INPUT(size <= program_.size() - at_, "{}: the pickle ends too early: truncated?", name_);
    const auto part = program_.subspan(at_, size);
    at_ += size;
    return part;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string text(std::uint64_t size) {
    const auto bytes = take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string line() {
    std::string text;
    for (char c; (c = static_cast<char>(take(1)[0])) != '\n';) text += c;
    return text;
  }

  void push(Value value) {
    arena_.push_back(std::move(value));
    stack_.push_back(&arena_.back());
  }
  Ref pop() {
    if (stack_.empty()) refuse("an empty stack");
    Ref top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Ref& top() {
    if (stack_.empty()) refuse("an empty stack");
    return stack_.back();
  }
  std::vector<Ref> pop_to_mark() {
    std::size_t first = stack_.size();
    while (first > 0 && !std::holds_alternative<Mark>(*stack_[first - 1])) --first;
    if (first == 0) refuse("a missing mark");
    std::vector<Ref> items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first - 1);
    return items;
  }
  template <class T>
  T& expect(Ref value, const char* what) const {
    T* found = std::get_if<T>(value);
    if (found == nullptr) refuse(std::string("expected ") + what);
    return *found;
  }

  void global(const std::string& module, const std::string& attribute) {
    const std::string global = module + " " + attribute;
    GORACS_CHECK_INPUT(is_allowed(global), "{}: the pickle names {}.{}, which is not allowed", name_, module, attribute);
    push(Global{global});
  }
  void tuple(std::size_t size) {
    Tuple tuple;
    tuple.items.resize(size);
    for (std::size_t k = size; k-- > 0;) tuple.items[k] = pop();
    push(std::move(tuple));
  }
  void get(std::uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) refuse("an unknown memo slot");
    stack_.push_back(found->second);
  }
  void set_items(const std::vector<Ref>& items) {
    auto* dict = std::get_if<Dict>(top());
    if (dict == nullptr || items.size() % 2 != 0) refuse("items for something that is no dict");
    for (std::size_t k = 0; k < items.size(); k += 2) dict->items.emplace_back(items[k], items[k + 1]);
  }
  /// ("storage", class, key, device, count)
  void persistent_id() {
    const Ref id = pop();
    const auto& items = expect<Tuple>(id, "a storage tuple").items;
    if (items.size() != 5 || expect<std::string>(items[0], "text") != "storage") refuse("a persistent id that is no storage");
    const auto dtype = storage_dtype(expect<Global>(items[1], "a storage class").name);
    if (!dtype) refuse("an unknown storage class");
    const std::string entry = prefix_ + "data/" + expect<std::string>(items[2], "a storage key");
    const auto found = entries_.find(entry);
    GORACS_CHECK_INPUT(found != entries_.end(), "{}: storage '{}' is missing", name_, entry);
    push(Storage{*dtype, found->second});
  }
  std::vector<std::int64_t> integers(Ref value) const {
    constexpr std::size_t kMostAxes = 64;  // torch's own limit
    if (expect<Tuple>(value, "a tuple of counts").items.size() > kMostAxes) refuse("a tensor of too many axes");
    std::vector<std::int64_t> numbers;
    for (const Ref item : expect<Tuple>(value, "a tuple of counts").items) {
      numbers.push_back(expect<std::int64_t>(item, "a count"));
      if (numbers.back() < 0) refuse("a negative count");
    }
    return numbers;
  }
  /// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
  TensorView rebuild_tensor(const std::vector<Ref>& arguments) const {
    if (arguments.size() < 4) refuse("a tensor with too few arguments");
    const auto& storage = expect<Storage>(arguments[0], "a storage");
    const std::int64_t offset = expect<std::int64_t>(arguments[1], "an offset");
    TensorView tensor;
    tensor.dtype = storage.dtype;
    tensor.shape = integers(arguments[2]);
    tensor.strides = integers(arguments[3]);
    const auto element = static_cast<UInt128>(size_of(storage.dtype));
    if (offset < 0 || tensor.shape.size() != tensor.strides.size()) refuse("a tensor whose offset, size or stride is off");
    UInt128 end = static_cast<UInt128>(offset);
    UInt128 count = 1;
    for (std::size_t k = 0; k < tensor.shape.size(); ++k) {
      count *= static_cast<UInt128>(tensor.shape[k]);
      if (tensor.shape[k] > 0) end += static_cast<UInt128>(tensor.shape[k] - 1) * static_cast<UInt128>(tensor.strides[k]);
      GORACS_CHECK_INPUT(count <= storage.bytes.size() && end <= storage.bytes.size(),
                         "{}: a tensor reaches beyond its storage: truncated?", name_);
    }
    if (count > 0) {
      GORACS_CHECK_INPUT((end + 1) * element <= storage.bytes.size(), "{}: a tensor reaches beyond its storage: truncated?", name_);
      tensor.bytes = storage.bytes.subspan(static_cast<std::size_t>(offset) * static_cast<std::size_t>(element));
    }
    return tensor;
  }
  void reduce() {
    const Ref arguments = pop(), callable = pop();
    const auto& name = expect<Global>(callable, "a callable").name;
    const auto& items = expect<Tuple>(arguments, "arguments").items;
    if (name == "collections OrderedDict" && items.empty()) return push(Dict{});
    if (name == "torch._utils _rebuild_tensor_v2") return push(rebuild_tensor(items));
    if (name == "torch._utils _rebuild_parameter" && !items.empty()) return push(expect<TensorView>(items[0], "a tensor"));
    refuse("a call of " + name);
  }
  void long1() {
    const auto bytes = take(number<std::uint8_t>());
    if (bytes.size() > 8) refuse("an integer beyond 64 bits");
    std::uint64_t value = 0;
    for (std::size_t k = 0; k < bytes.size(); ++k) value |= static_cast<std::uint64_t>(bytes[k]) << (8 * k);
    const std::size_t bits = 8 * bytes.size();
    if (bits > 0 && bits < 64 && ((value >> (bits - 1)) & 1) != 0) value |= ~std::uint64_t{0} << bits;
    push(static_cast<std::int64_t>(value));
  }
  void big_endian_double() {
    const auto bytes = take(8);
    std::uint64_t bits = 0;
    for (const std::byte b : bytes) bits = bits << 8 | static_cast<std::uint64_t>(b);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    push(value);
  }

  void step(unsigned char op) {
    switch (op) {
      case 0x80:  // PROTO
        if (const auto protocol = number<std::uint8_t>(); protocol < 2 || protocol > 4) refuse("an unknown pickle protocol");
        return;
      case 0x95:  // FRAME
        static_cast<void>(take(8));
        return;
      case 'c': {
        const std::string module = line();
        return global(module, line());
      }
      case 0x93: {  // STACK_GLOBAL
        const Ref attribute = pop(), module = pop();
        return global(expect<std::string>(module, "a module"), expect<std::string>(attribute, "a name"));
      }
      case 'q': memo_[number<std::uint8_t>()] = top(); return;
      case 'r': memo_[number<std::uint32_t>()] = top(); return;
      case 0x94: {  // MEMOIZE
        const std::uint64_t slot = memo_.size();
        memo_[slot] = top();
        return;
      }
      case 'h': return get(number<std::uint8_t>());
      case 'j': return get(number<std::uint32_t>());
      case '(': return push(Mark{});
      case ')': return push(Tuple{});
      case 't': return push(Tuple{pop_to_mark()});
      case 0x85:
      case 0x86:
      case 0x87:  // TUPLE1, TUPLE2, TUPLE3
        return tuple(op - 0x84U);
      case ']': return push(List{});
      case 'a': {
        const Ref item = pop();
        return expect<List>(top(), "a list").items.push_back(item);
      }
      case 'e': {
        const auto items = pop_to_mark();
        auto& list = expect<List>(top(), "a list").items;
        list.insert(list.end(), items.begin(), items.end());
        return;
      }
      case '}': return push(Dict{});
      case 's': {
        const Ref value = pop(), key = pop();
        return set_items({key, value});
      }
      case 'u': return set_items(pop_to_mark());
      case 'X': return push(text(number<std::uint32_t>()));
      case 0x8c:  // SHORT_BINUNICODE
        return push(text(number<std::uint8_t>()));
      case 'J': return push(static_cast<std::int64_t>(number<std::int32_t>()));
      case 'K': return push(static_cast<std::int64_t>(number<std::uint8_t>()));
      case 'M': return push(static_cast<std::int64_t>(number<std::uint16_t>()));
      case 0x8a: return long1();
      case 'G': return big_endian_double();
      case 'N': return push(None{});
      case 0x88: return push(true);
      case 0x89: return push(false);
      case 'Q': return persistent_id();
      case 'R': return reduce();
      case 'b':  // BUILD: attributes of the OrderedDict (_metadata), which mean nothing here
        static_cast<void>(pop());
        return static_cast<void>(expect<Dict>(top(), "a dict"));
      default: refuse(fmt::format("pickle opcode 0x{:02x}", op));
    }
  }

  std::span<const std::byte> program_;
  const std::map<std::string, std::span<const std::byte>>& entries_;
  std::string prefix_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::deque<Value> arena_;
  std::vector<Ref> stack_;
  std::map<std::uint64_t, Ref> memo_;
};

}  // namespace

std::map<std::string, TensorView> parse_torch_pickle(std::span<const std::byte> file, const std::string& name) {
  const auto entries = zip_entries(file, name);
  constexpr std::string_view kProgram = "/data.pkl";
  for (const auto& [entry, bytes] : entries) {
    if (!entry.ends_with(kProgram)) continue;
    const std::string prefix = entry.substr(0, entry.size() - kProgram.size() + 1);
    Machine machine(bytes, entries, prefix, name);
    const auto* dict = std::get_if<Dict>(machine.run());
    GORACS_CHECK_INPUT(dict != nullptr, "{}: the pickle holds no dict of tensors", name);
    std::map<std::string, TensorView> tensors;
    for (const auto& [key, value] : dict->items) {
      const auto* text = std::get_if<std::string>(key);
      const auto* tensor = std::get_if<TensorView>(value);
      GORACS_CHECK_INPUT(text != nullptr && tensor != nullptr, "{}: the pickle holds something that is no named tensor", name);
      GORACS_CHECK_INPUT(tensors.emplace(*text, *tensor).second, "{}: tensor '{}' stands twice", name, *text);
    }
    return tensors;
  }
  fail(ExitCode::kInput, "{}: no data.pkl inside: not a file of torch.save", name);
}

}  // namespace goracs
