//! Where in its execution a call is made: what idempotency keys are made of.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::frame::visit;
use super::interpreter::Interpreter;
use super::outcome::Purpose;
use super::pool::Id;

/// Longest place as it is, in bytes; of a longer one a hash stands for it. Keys are headers and column values elsewhere.
const MAX_PLACE_BYTES: usize = 160;
/// Bytes of the hash that stands for a longer place.
const HASH_BYTES: usize = 16;

impl Interpreter<'_> {
    /// Notes that the frame's state makes a call or begins children. All attempts of a visit are one visit.
    pub(super) fn note_visit(&mut self, frame: Id) {
        let frame = self.run.frames.at_mut(frame);
        if frame.visit > 0 {
            return;
        }
        frame.visit = visit(&mut frame.visits, frame.state);
    }

    /// The place of the frame's call; see [`TaskCall::place`](super::TaskCall::place).
    pub(super) fn call_place(&self, frame: Id, purpose: &Purpose) -> String {
        let mut place = String::new();
        self.write_place(frame, &mut place);
        match purpose {
            Purpose::Task => {}
            Purpose::ReadObject { .. } | Purpose::ListObjects { .. } => place.push_str("/ItemReader"),
            Purpose::WriteObjects(_) => place.push_str("/ResultWriter"),
        }
        if place.len() <= MAX_PLACE_BYTES {
            return place;
        }
        let digest = Sha256::digest(place.as_bytes());
        let mut hash = "sha256-".to_owned();
        for byte in &digest[..HASH_BYTES] {
            write!(hash, "{byte:02x}").expect("writing to a String can't fail");
        }
        hash
    }

    /// `<state>:<visit>`, behind those of the states around it and the number of the branch or iteration.
    fn write_place(&self, frame: Id, place: &mut String) {
        let this = self.run.frames.at(frame);
        if let Some(group) = this.parent {
            self.write_place(self.run.groups.at(group).parent, place);
            write!(place, "/{}/", this.index).expect("writing to a String can't fail");
        }
        for byte in self.state_name(frame).bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => place.push(char::from(byte)),
                other => write!(place, "%{other:02X}").expect("writing to a String can't fail"),
            }
        }
        write!(place, ":{}", this.visit).expect("writing to a String can't fail");
    }
}
