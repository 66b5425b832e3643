/* What the threads of a block share: barriers, shared memory and asynchronous copies into it. */
#include "machine.h"

namespace invp::simt {

int sync_block(int predicate, BlockFold fold, Site site) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  Thread& self = s.self();
  Block& block = *self.owner;
  if (block.exited > 0) s.fail("some threads of the block have exited", site, self);
  if (block.arrived == 0) {
    block.barrier = site;
    block.fold_kind = fold;
    block.fold = fold == BlockFold::kAnd ? 1 : 0;
  } else if (!same(block.barrier, site)) {
    s.fail("others of the block wait at line " + std::to_string(block.barrier.line), site, self);
  }
  const int truth = predicate != 0 ? 1 : 0;
  if (fold == BlockFold::kAnd) {
    block.fold &= truth;
  } else if (fold == BlockFold::kOr) {
    block.fold |= truth;
  } else {
    block.fold += truth;
  }
  char* const token = block.arrived == 0 ? block.tokens.next() : block.tokens.last();
  release(token);
  if (++block.arrived == block.size) {
    block.arrived = 0;
    block.fold_result = block.fold;
    for (uint32_t i = 0; i < block.size; ++i) {
      Thread& other = *block.threads[i];
      if (&other != &self) s.wake(other);
    }
  } else {
    s.wait(State::kAtBlock);
  }
  acquire(token);
  return block.fold_result;
}

void* shared_static(size_t bytes, size_t alignment, const char* file, int line) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  Block& block = *s.self().owner;
  for (const Static& known : block.statics) {
    if (known.line == line && std::strcmp(known.file, file) == 0) return known.at;
  }
  const size_t at = (block.shared_end + alignment - 1) / alignment * alignment;
  block.shared_end = at + bytes;
  if (block.shared_end > kSharedBytes)
    s.fail("the block's shared memory is too small", {"shared memory", file, line}, s.self());
  block.statics.push_back({file, line, block.shared + at});
  return block.shared + at;
}

void* shared_dynamic() { return scheduler().self().owner->shared; }

bool async_copy_begins(const AsyncCopy& copy) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  if (s.shuffled() && s.random().below(4) == 0) return true;
  s.self().copies.push_back(copy);
  return false;
}

void async_copy_commit() {
  const Hidden hardware;
  Thread& self = scheduler().self();
  self.groups.push_back(self.copies.size());
}

AsyncCopy* async_copy_due(int newest) {
  const Hidden hardware;
  Thread& self = scheduler().self();
  const size_t groups = self.groups.size();
  const size_t ended = groups > static_cast<size_t>(newest)
                           ? self.groups[groups - 1 - static_cast<size_t>(newest)]
                           : 0;
  for (size_t i = 0; i < ended; ++i) {
    if (!self.copies[i].done) {
      self.copies[i].done = true;
      return &self.copies[i];
    }
  }
  // All due ones have landed: forget them.
  self.copies.erase(self.copies.begin(), self.copies.begin() + static_cast<std::ptrdiff_t>(ended));
  if (groups > static_cast<size_t>(newest))
    self.groups.erase(self.groups.begin(), self.groups.end() - static_cast<std::ptrdiff_t>(newest));
  for (size_t& group : self.groups) group -= ended;
  return nullptr;
}

}  // namespace invp::simt
