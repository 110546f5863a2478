//! Room for what is made next: reserved ahead, within the limit of the heap.

use super::{Heap, Value};

/// What may always be reserved ahead of growth.
const LARGE_BYTES: usize = 4 << 20;

impl Heap {
    /// Room for so many more bytes of text.
    #[inline]
    pub(super) fn reserve_text(&mut self, bytes: usize) {
        if self.text.capacity() - self.text.len() < bytes {
            self.grow_text(bytes);
        }
    }

    /// Room for so many more values on the build stack.
    #[inline]
    pub(super) fn reserve_stack(&mut self, values: usize) {
        if self.stack.capacity() - self.stack.len() < values {
            self.grow_stack(values);
        }
    }

    /// Room for so many more nodes.
    #[inline]
    pub(super) fn reserve_nodes(&mut self, nodes: usize) {
        if self.nodes.capacity() - self.nodes.len() < nodes {
            self.grow_nodes(nodes);
        }
    }

    #[cold]
    fn grow_text(&mut self, bytes: usize) {
        let ahead = self.ahead(self.text.len());
        self.text.reserve_exact(bytes.max(ahead));
    }

    #[cold]
    fn grow_nodes(&mut self, values: usize) {
        let ahead = self.ahead(self.nodes.len() * size_of::<Value>()) / size_of::<Value>();
        self.nodes.reserve_exact(values.max(ahead));
    }

    #[cold]
    fn grow_stack(&mut self, values: usize) {
        let ahead = self.ahead(self.stack.len() * size_of::<Value>()) / size_of::<Value>();
        self.stack.reserve_exact(values.max(ahead));
    }

    /// Bytes to reserve ahead where so many are in use: as many again, as vectors do, but no more than the limit leaves. All
    /// in all a heap then holds at most half as much again as its limit.
    fn ahead(&self, used: usize) -> usize {
        let left = self.meter.max_bytes().saturating_sub(self.bytes_used());
        used.max(256).min(left.max(LARGE_BYTES))
    }
}
