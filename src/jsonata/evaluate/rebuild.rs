//! Containers anew, with other items.

use super::Evaluation;
use crate::jsonata::error::Throw;
use crate::value::Value;

impl Evaluation<'_> {
    /// A container anew, in which each item is what the function makes of it; a scalar stays what it is. A unit of work for
    /// each item is paid before the first, as copying pays; what the function does, it pays itself. No value is so deep that
    /// the function may not come back here.
    pub(in crate::jsonata) fn rebuilt(
        &mut self,
        value: Value,
        change: &mut impl FnMut(&mut Self, Value) -> Result<Value, Throw>,
    ) -> Result<Value, Throw> {
        match value {
            Value::Array(list) => {
                self.work(list.len())?;
                let mark = self.heap.mark();
                for index in 0..list.len() {
                    let item = self.heap.items(list)[index];
                    let item = change(self, item)?;
                    self.heap.push(item);
                }
                self.close_array(mark)
            }
            Value::Object(list) => {
                self.work(list.len())?;
                let mark = self.heap.mark();
                for index in 0..list.len() {
                    let (key, item) = self.heap.entry(list, index);
                    let item = change(self, item)?;
                    self.heap.push_entry(key, item);
                }
                self.close_object(mark)
            }
            scalar => Ok(scalar),
        }
    }
}
