//! The tickets that tie what is in flight to its partition and assignment.

use crate::stream::offsets::Sequence;

/// Names one record in flight: slot of its partition (14 bits), generation of that slot (18 bits), sequence number.
///
/// It travels through librdkafka as a record's opaque. A slot's generation changes when its partition is let go, so a
/// ticket from an earlier assignment finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::stream) struct Ticket(u64);

/// Bits of a slot's generation.
pub(super) const GENERATION_BITS: u32 = 18;
const SEQUENCE_BITS: u32 = 32;
/// Partitions that one shard can own at a time.
pub(in crate::stream) const MAX_SLOTS: usize = 1 << (64 - GENERATION_BITS - SEQUENCE_BITS);

// The opaque of a record is a pointer's width.
const _: () = assert!(usize::BITS == 64, "tickets need 64-bit pointers");

impl Ticket {
    pub(super) fn new(slot: Slot, sequence: Sequence) -> Self {
        let generation = u64::from(slot.generation) << SEQUENCE_BITS;
        Self((u64::from(slot.index) << (GENERATION_BITS + SEQUENCE_BITS)) | generation | u64::from(sequence.0))
    }

    pub(in crate::stream) fn from_opaque(opaque: usize) -> Self {
        Self(opaque as u64)
    }

    pub(in crate::stream) fn opaque(self) -> usize {
        self.0 as usize
    }

    /// The assignment that the record belongs to.
    pub(in crate::stream) fn slot(self) -> Slot {
        let generation = (self.0 >> SEQUENCE_BITS) as u32 & ((1 << GENERATION_BITS) - 1);
        Slot { index: (self.0 >> (GENERATION_BITS + SEQUENCE_BITS)) as u16, generation }
    }

    pub(super) fn sequence(self) -> Sequence {
        Sequence(self.0 as u32)
    }
}

/// One assignment of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::stream) struct Slot {
    pub(super) index: u16,
    pub(super) generation: u32,
}
