#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace goracs::itra {

/// A rooted spanning tree with a flow on every node's arc to its parent: the basis of a network simplex. Nodes are 0 .. nodes()-1; a node
/// without a parent that is not the root is not in the tree.
///
/// Goals: a pivot costs the length of its cycle plus the nodes of the smaller side (children in doubly linked lists, subtree sizes).
/// Non-goals: which arc enters or leaves (transport_pivot.cpp), potentials.
class SpanningTree {
 public:
  using Node = std::int32_t;
  static constexpr Node kNone = -1;

  /// `nodes` nodes, none but the root in the tree.
  void reset(Node nodes, Node root);
  /// One more node, not in the tree; returns its number.
  Node append();

  Node nodes() const noexcept { return static_cast<Node>(links_.size()); }
  Node root() const noexcept { return root_; }
  Node parent(Node x) const { return at(x).parent; }
  Node first_child(Node x) const { return at(x).first_child; }
  Node next_sibling(Node x) const { return at(x).next; }
  std::int32_t size(Node x) const { return at(x).size; }
  std::int32_t flow(Node x) const { return at(x).flow; }
  void add_flow(Node x, std::int32_t units) { at(x).flow += units; }

  /// Hangs a node and its subtree, not in the tree, from a node of the tree.
  void hang(Node x, Node parent, std::int32_t flow);

  /// The lowest node that is above both.
  Node join(Node x, Node y) const;

  /// Cuts `cut` from its parent and hangs what was below it from `outside`, by `inside`, which lies in the cut subtree: the path inside -> cut
  /// is turned round.
  ///   outside - inside   and   inside - a - cut - above   ->   outside - inside - a - cut      (flow of the new arc: `flow`)
  /// `join` is the node above both ends of the new arc: sizes above it stay.
  void rehang(Node inside, Node outside, Node cut, Node join, std::int32_t flow);

  /// Calls visit(node) for the subtree of x, x first; or for all nodes but that subtree and the root.
  template <class Visit>
  void for_subtree(Node x, Visit&& visit);
  template <class Visit>
  void for_all_but_subtree(Node x, Visit&& visit);

  /// The bytes that say all, and back.
  void save(std::string& bytes) const;
  void load(const char*& bytes);

 private:
  struct Link {
    Node parent = kNone, first_child = kNone, next = kNone, previous = kNone;
    std::int32_t size = 1, flow = 0;
  };
  Link& at(Node x) { return links_[static_cast<std::size_t>(x)]; }
  const Link& at(Node x) const { return links_[static_cast<std::size_t>(x)]; }
  void attach(Node x, Node parent);
  void detach(Node x);
  template <class Visit>
  void visit_pending(Node but, Visit&& visit);

  std::vector<Link> links_;
  std::vector<Node> pending_;  ///< a stack of the traversals, kept for its memory
  Node root_ = kNone;
};

template <class Visit>
void SpanningTree::visit_pending(Node but, Visit&& visit) {
  while (!pending_.empty()) {
    const Node x = pending_.back();
    pending_.pop_back();
    visit(x);
    for (Node child = at(x).first_child; child != kNone; child = at(child).next)
      if (child != but) pending_.push_back(child);
  }
}

template <class Visit>
void SpanningTree::for_subtree(Node x, Visit&& visit) {
  pending_.assign(1, x);
  visit_pending(kNone, visit);
}

template <class Visit>
void SpanningTree::for_all_but_subtree(Node x, Visit&& visit) {
  pending_.clear();
  for (Node child = at(root_).first_child; child != kNone; child = at(child).next)
    if (child != x) pending_.push_back(child);
  visit_pending(x, visit);
}

}  // namespace goracs::itra
