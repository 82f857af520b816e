#include "itra/spanning_tree.hpp"

#include <cstring>

namespace goracs::itra {

void SpanningTree::reset(Node nodes, Node root) {
  links_.assign(static_cast<std::size_t>(nodes), Link());
  root_ = root;
}

SpanningTree::Node SpanningTree::append() {
  links_.emplace_back();
  return nodes() - 1;
}

void SpanningTree::attach(Node x, Node parent) {
  Link& link = at(x);
  link.parent = parent;
  link.previous = kNone;
  link.next = at(parent).first_child;
  if (link.next != kNone) at(link.next).previous = x;
  at(parent).first_child = x;
}

void SpanningTree::detach(Node x) {
  const Link& link = at(x);
  if (link.previous != kNone)
    at(link.previous).next = link.next;
  else
    at(link.parent).first_child = link.next;
  if (link.next != kNone) at(link.next).previous = link.previous;
}

void SpanningTree::hang(Node x, Node parent, std::int32_t flow) {
  attach(x, parent);
  at(x).flow = flow;
  for (Node above = parent; above != kNone; above = at(above).parent) at(above).size += at(x).size;
}

SpanningTree::Node SpanningTree::join(Node x, Node y) const {
  // a node's subtree is larger than those below it: the smaller one of the two cannot be the join
  while (x != y) {
    const std::int32_t size_x = at(x).size, size_y = at(y).size;
    if (size_x <= size_y) x = at(x).parent;
    if (size_y <= size_x) y = at(y).parent;
  }
  return x;
}

void SpanningTree::rehang(Node inside, Node outside, Node cut, Node join, std::int32_t flow) {
  const std::int32_t moved = at(cut).size;
  for (Node above = at(cut).parent; above != join; above = at(above).parent) at(above).size -= moved;
  for (Node above = outside; above != join; above = at(above).parent) at(above).size += moved;
  std::int32_t below = 0;
  for (Node x = inside, parent = outside;;) {
    const Node old_parent = at(x).parent;
    const std::int32_t old_flow = at(x).flow, old_size = at(x).size;
    detach(x);
    attach(x, parent);
    at(x).flow = flow;
    at(x).size = moved - below;
    if (x == cut) return;
    below = old_size;
    flow = old_flow;
    parent = x;
    x = old_parent;
  }
}

void SpanningTree::save(std::string& bytes) const {
  const Node count = nodes();
  bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
  bytes.append(reinterpret_cast<const char*>(&root_), sizeof root_);
  bytes.append(reinterpret_cast<const char*>(links_.data()), sizeof(Link) * links_.size());
}

void SpanningTree::load(const char*& bytes) {
  Node count = 0;
  std::memcpy(&count, bytes, sizeof count);
  std::memcpy(&root_, bytes + sizeof count, sizeof root_);
  bytes += sizeof count + sizeof root_;
  links_.resize(static_cast<std::size_t>(count));
  std::memcpy(links_.data(), bytes, sizeof(Link) * links_.size());
  bytes += sizeof(Link) * links_.size();
}

}  // namespace goracs::itra
