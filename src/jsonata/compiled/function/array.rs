use super::super::Stop;
use super::super::evaluate::{Evaluated, Evaluation, length};
use super::super::operator::equal;
use super::super::signature::Arguments;
use super::double;
use crate::jsonata::number;
use crate::jsonata::scope::Scope;
use crate::value::{Heap, Value};

/// Elements that are compared with each other one by one. More are left to the library, which keeps a table.
const MAX_COMPARED: usize = 200;

/// `$count(array)`
pub(super) fn count(_: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    Ok(Some(Value::Int(array.map_or(0, length) as i64)))
}

/// `$reverse(array)`
pub(super) fn reverse(heap: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(list)) = array else { return Ok(None) };
    let mark = heap.mark();
    for index in (0..list.len()).rev() {
        let item = heap.items(list)[index];
        heap.push(item);
    }
    Ok(Some(heap.array_from(mark)?))
}

/// `$distinct(array)`
pub(super) fn distinct(heap: &mut Heap, [array, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(list)) = array else { return Ok(array) };
    if list.len() <= 1 {
        return Ok(array);
    }
    if list.len() > MAX_COMPARED {
        return Err(Stop::Library);
    }
    let mark = heap.mark();
    for index in 0..list.len() {
        let item = heap.items(list)[index];
        if !heap.pushed(mark).iter().any(|known| equal(heap, *known, item)) {
            heap.push(item);
        }
    }
    if heap.pushed(mark).len() == 1 {
        // Of a sequence one element is itself, of an array it is not; the difference is not known here.
        return Err(Stop::Library);
    }
    Ok(Some(heap.array_from(mark)?))
}

impl<S: Scope> Evaluation<'_, S> {
    /// `$append(first, second)`
    pub(super) fn append(&mut self, [first, second, ..]: Arguments) -> Evaluated {
        let (Some(first), Some(second)) = (first, second) else { return Ok(first.or(second)) };
        let mark = self.heap.mark();
        self.push_items(first)?;
        self.push_items(second)?;
        self.close_array(mark).map(Some)
    }

    /// `$range(first, last, step)`
    pub(super) fn numbers(&mut self, arguments: Arguments) -> Evaluated {
        let whole = |value: Option<Value>| {
            value.filter(|value| value.is_number()).map(|value| double(self.heap, value).trunc())
        };
        let [Some(first), Some(last), Some(step), _] = arguments.map(whole) else { return Ok(None) };
        let count = ((last - first) / step).floor() + 1.0;
        // A step of the wrong sign, or of zero, makes nothing.
        if !(1.0..=crate::jsonata::functions::MAX_ITEMS).contains(&count) {
            return Ok(None);
        }
        self.check_room(count as usize)?;
        let mark = self.heap.mark();
        for index in 0..count as u64 {
            let value = number::value(self.heap, first + index as f64 * step);
            self.heap.push(value);
        }
        self.close_sequence(mark)
    }
}
