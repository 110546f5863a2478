//! What is running, by keys that find nothing once it has ended.

/// Names one execution of a host; after it ended the key finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    index: u32,
    generation: u32,
}

#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    pub(super) fn insert(&mut self, content: T) -> Key {
        if let Some(index) = self.free.pop() {
            let (generation, slot) = &mut self.slots[index as usize];
            *slot = Some(content);
            return Key { index, generation: *generation };
        }
        self.slots.push((0, Some(content)));
        Key { index: (self.slots.len() - 1) as u32, generation: 0 }
    }

    pub(super) fn get(&self, key: Key) -> Option<&T> {
        let (generation, content) = self.slots.get(key.index as usize)?;
        content.as_ref().filter(|_| *generation == key.generation)
    }

    pub(super) fn find(&mut self, key: Key) -> Option<&mut T> {
        let (generation, content) = self.slots.get_mut(key.index as usize)?;
        content.as_mut().filter(|_| *generation == key.generation)
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        self.find(key)?;
        let (generation, slot) = &mut self.slots[key.index as usize];
        let content = slot.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.index);
        Some(content)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, (generation, content))| {
            Some((Key { index: index as u32, generation: *generation }, content.as_ref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_nothing_once_its_content_was_removed() {
        let mut slots = Slots::default();
        let old = slots.insert("old");
        assert_eq!(slots.remove(old), Some("old"));
        let new = slots.insert("new");
        assert_eq!((old.index, slots.find(old).copied(), slots.remove(old)), (new.index, None, None));
        assert_eq!((slots.find(new).copied(), slots.len()), (Some("new"), 1));
    }
}
