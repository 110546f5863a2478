//! Slots that are reused without giving their memory back.

/// Names what was put into a slot; it finds nothing once that was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Id {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// After [`release_all`](Pool::release_all) it hands out the same slots in the same order as a new one, so that nothing
/// depends on what it was used for before.
#[derive(Debug)]
pub(super) struct Pool<T> {
    slots: Vec<Slot<T>>,
    /// Released slots among those in use.
    free: Vec<u32>,
    /// Slots that were handed out since all were released: the first ones.
    touched: usize,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    used: bool,
    content: T,
}

impl<T: Default> Pool<T> {
    pub(super) fn new() -> Self {
        Pool { slots: Vec::new(), free: Vec::new(), touched: 0 }
    }

    /// A slot, with whatever its last user left in it.
    pub(super) fn acquire(&mut self) -> Id {
        let index = self.free.pop().unwrap_or_else(|| {
            if self.touched == self.slots.len() {
                self.slots.push(Slot { generation: 0, used: false, content: T::default() });
            }
            self.touched += 1;
            (self.touched - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        slot.used = true;
        Id { index, generation: slot.generation }
    }

    pub(super) fn release(&mut self, id: Id) {
        if let Some(slot) = self.slots.get_mut(id.index as usize)
            && slot.used
            && slot.generation == id.generation
        {
            slot.used = false;
            slot.generation = slot.generation.wrapping_add(1);
            self.free.push(id.index);
        }
    }

    pub(super) fn find(&mut self, id: Id) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.index as usize)?;
        (slot.used && slot.generation == id.generation).then_some(&mut slot.content)
    }

    /// What a live id names.
    pub(super) fn at(&self, id: Id) -> &T {
        debug_assert!(self.slots[id.index as usize].generation == id.generation);
        &self.slots[id.index as usize].content
    }

    pub(super) fn at_mut(&mut self, id: Id) -> &mut T {
        debug_assert!(self.slots[id.index as usize].generation == id.generation);
        &mut self.slots[id.index as usize].content
    }

    /// How many are in use.
    pub(super) fn len(&self) -> usize {
        self.touched - self.free.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.slots[..self.touched]
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.used)
            .map(|(index, slot)| (Id { index: index as u32, generation: slot.generation }, &slot.content))
    }

    pub(super) fn release_all(&mut self) {
        for slot in self.slots[..self.touched].iter_mut().filter(|slot| slot.used) {
            slot.used = false;
            slot.generation = slot.generation.wrapping_add(1);
        }
        self.free.clear();
        self.touched = 0;
    }
}
