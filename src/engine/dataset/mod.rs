//! Data sets: from the bytes that an ItemReader got to the items of a Map.

use crate::asl::InputType;
use crate::value::{Exceeded, Heap, List, Value};

/// The items of a data set.
#[derive(Debug)]
pub(super) struct Items {
    pub(super) list: List,
    /// Whether they were the members of an object: each is `{"Key": …, "Value": …}`.
    pub(super) keyed: bool,
}

/// What a data set may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Items that are wanted; what comes after them is not looked at. `None`: all.
    pub(super) wanted: Option<usize>,
    /// Items that there may be.
    pub(super) max_items: usize,
    /// Bytes that the heap may have.
    pub(super) max_heap_bytes: usize,
    /// Levels of arrays and objects.
    pub(super) max_depth: u16,
}

/// Why there are no items: what the service says, as far as it is known.
type Cause = String;

/// Reads the items of an object in this format; without one, of a listing.
///
/// # Errors
/// What is wrong with the data set, for the cause of `States.ItemReaderFailed`.
pub(super) fn read(heap: &mut Heap, format: Option<&InputType>, bytes: &[u8], bounds: Bounds) -> Result<Items, Cause> {
    // Spreadsheets put a byte order mark before their exports.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match format {
        None => json(heap, "", bytes, bounds),
        Some(InputType::Json { pointer }) => json(heap, pointer, bytes, bounds),
        Some(InputType::JsonLines) => json_lines(heap, bytes, bounds),
        Some(InputType::Csv { delimiter, headers }) => csv(heap, *delimiter, headers.as_deref(), bytes, bounds),
    }
}

fn json(heap: &mut Heap, pointer: &str, bytes: &[u8], bounds: Bounds) -> Result<Items, Cause> {
    let root = heap
        .parse_limited(bytes, bounds.max_depth)
        .map_err(|error| format!("The data set is not valid JSON: {error}"))?;
    check_heap(heap, bounds)?;
    let found = at_pointer(heap, root, pointer)
        .ok_or_else(|| format!("The ItemsPointer '{pointer}' finds nothing in the data set."))?;
    match found {
        Value::Array(list) => {
            let count = list.len().min(bounds.wanted.unwrap_or(usize::MAX));
            bounds.check_count(count)?;
            if count == list.len() {
                return Ok(Items { list, keyed: false });
            }
            let first: Vec<Value> = heap.items(list)[..count].to_vec();
            close(heap, &first, false).map_err(exceeded)
        }
        Value::Object(object) => {
            let count = object.len().min(bounds.wanted.unwrap_or(usize::MAX));
            bounds.check_count(count)?;
            members(heap, object, count).map_err(exceeded)
        }
        _ => Err("Attempting to map over non-iterable node.".to_owned()),
    }
}

/// The first members of an object as items.
///
/// # Errors
/// [`Exceeded`] if a member has the greatest depth already, or the execution passes its limits.
pub(super) fn members(heap: &mut Heap, object: List, count: usize) -> Result<Items, Exceeded> {
    let (key, value) = (heap.key("Key"), heap.key("Value"));
    let mut items = Vec::with_capacity(count);
    for index in 0..count {
        let (name, member) = heap.entry(object, index);
        let mark = heap.mark();
        heap.push_entry(key, Value::String(name));
        heap.push_entry(value, member);
        items.push(heap.object_from(mark)?);
    }
    close(heap, &items, true)
}

/// The value that a JSON Pointer (RFC 6901) names.
fn at_pointer(heap: &Heap, root: Value, pointer: &str) -> Option<Value> {
    let mut value = root;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        value = match value {
            Value::Object(object) => heap.field(object, &token)?,
            Value::Array(array) => {
                let plain = token == "0" || !token.starts_with(['0', '+']);
                let index = token.parse::<usize>().ok().filter(|_| plain)?;
                *heap.items(array).get(index)?
            }
            _ => return None,
        };
    }
    Some(value)
}

fn json_lines(heap: &mut Heap, bytes: &[u8], bounds: Bounds) -> Result<Items, Cause> {
    let mut items = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if bounds.enough(items.len())? {
            break;
        }
        let item = heap
            .parse_limited(line, bounds.max_depth)
            .map_err(|error| format!("Line {} of the data set is not valid JSON: {}", index + 1, error.kind))?;
        items.push(item);
        check_heap(heap, bounds)?;
    }
    close(heap, &items, false).map_err(exceeded)
}

fn csv(
    heap: &mut Heap,
    delimiter: char,
    given: Option<&[String]>,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<Items, Cause> {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
    let mut row = csv::StringRecord::new();
    let headers: Vec<String> = match given {
        Some(headers) => headers.to_vec(),
        None => {
            reader.read_record(&mut row).map_err(not_csv)?;
            row.iter().map(str::to_owned).collect()
        }
    };
    let distinct: std::collections::HashSet<&str> = headers.iter().map(String::as_str).collect();
    if distinct.len() < headers.len() {
        return Err("CSV headers cannot contain duplicates.".to_owned());
    }
    let keys: Vec<_> = headers.iter().map(|header| heap.key(header)).collect();
    let mut items = Vec::new();
    while reader.read_record(&mut row).map_err(not_csv)? {
        if bounds.enough(items.len())? {
            break;
        }
        // A short row is filled up; what is beyond the headers is dropped.
        let mark = heap.mark();
        for (index, key) in keys.iter().enumerate() {
            let cell = heap.string(row.get(index).unwrap_or_default());
            heap.push_entry(*key, cell);
        }
        items.push(heap.object_from(mark).map_err(exceeded)?);
        check_heap(heap, bounds)?;
    }
    close(heap, &items, false).map_err(exceeded)
}

fn not_csv(error: csv::Error) -> Cause {
    format!("The data set is not valid CSV: {error}")
}

fn exceeded(error: Exceeded) -> Cause {
    error.to_string()
}

fn close(heap: &mut Heap, items: &[Value], keyed: bool) -> Result<Items, Exceeded> {
    match heap.array(items)? {
        Value::Array(list) => Ok(Items { list, keyed }),
        _ => Err(Exceeded::Depth),
    }
}

fn check_heap(heap: &Heap, bounds: Bounds) -> Result<(), Cause> {
    if heap.bytes_used() > bounds.max_heap_bytes {
        return Err(format!(
            "The execution's values take more than {} bytes with the items of the data set.",
            bounds.max_heap_bytes
        ));
    }
    Ok(())
}

impl Bounds {
    /// Whether as many items as are wanted have been read; a fault if there are more than may be.
    fn enough(self, items: usize) -> Result<bool, Cause> {
        if self.wanted.is_some_and(|wanted| items >= wanted) {
            return Ok(true);
        }
        self.check_count(items + 1)?;
        Ok(false)
    }

    fn check_count(self, items: usize) -> Result<(), Cause> {
        if items > self.max_items {
            return Err(format!(
                "The data set has more than {} items, the most that max_dataset_items allows.",
                self.max_items
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
