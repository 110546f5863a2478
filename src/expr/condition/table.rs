//! Many rules that compare one variable with strings, as one look-up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Comparison, Condition, Operand, Operator, Test};
use crate::expr::error::EvalError;
use crate::expr::path::Path;
use crate::expr::scope::Scope;
use crate::value::{Heap, Value};

/// Fewer rules than this are tried one by one: the first often holds, and a comparison costs less than a hash.
const MIN_RULES: usize = 8;

/// Successive rules that are `StringEquals` of the same variable. Two hundred of them cost 2.9 µs one by one, and a tenth of it
/// as a table.
#[derive(Debug)]
pub struct StringTable {
    /// The places of its rules among all.
    rules: std::ops::Range<usize>,
    variable: Path,
    /// The place of the first rule with a string.
    by_text: HashMap<Box<str>, usize, BuildHasherDefault<Words>>,
}

/// Mixes a text eight bytes at a time. The texts of a table are those of a definition, so that no event can make them collide; the
/// hasher that guards against that takes three times the instructions.
#[derive(Debug, Default)]
struct Words(u64);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let (words, rest) = bytes.as_chunks::<8>();
        let last = rest.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte));
        for word in words.iter().map(|word| u64::from_le_bytes(*word)).chain([last]) {
            self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        }
    }
}

impl StringTable {
    /// The tables that stand for some of these rules; a rule that is none stands for a condition of another kind.
    pub fn find<'a>(rules: impl Iterator<Item = Option<&'a Condition>>) -> Vec<StringTable> {
        let mut tables: Vec<StringTable> = Vec::new();
        for (index, rule) in rules.enumerate() {
            let Some((variable, text)) = rule.and_then(string_test) else { continue };
            match tables.last_mut() {
                Some(table) if table.rules.end == index && table.variable.text() == variable.text() => {
                    table.rules.end += 1;
                    table.by_text.entry(text.into()).or_insert(index);
                }
                _ => tables.push(StringTable {
                    rules: index..index + 1,
                    variable: variable.clone(),
                    by_text: HashMap::from_iter([(text.into(), index)]),
                }),
            }
        }
        tables.retain(|table| table.rules.len() >= MIN_RULES);
        tables
    }

    /// The places of the table's rules among all.
    pub fn rules(&self) -> std::ops::Range<usize> {
        self.rules.clone()
    }

    /// The place of the first of the table's rules that is true.
    ///
    /// # Errors
    /// [`EvalError`] if the variable is not there.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Option<usize>, Box<EvalError>> {
        match self.variable.resolve(heap, scope) {
            Ok(Value::String(text)) => Ok(self.by_text.get(&*heap.str(text)).copied()),
            Ok(_) => Ok(None),
            Err(error) => Err(error.in_choice(&self.variable)),
        }
    }
}

fn string_test(rule: &Condition) -> Option<(&Path, &str)> {
    match rule {
        Condition::Test(Test {
            variable,
            operator: Operator::String(Comparison::Equals),
            operand: Operand::String(text),
        }) => Some((variable, text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::World;

    fn equals(variable: &str, text: &str) -> Condition {
        let operator = Operator::String(Comparison::Equals);
        Condition::Test(Test {
            variable: Path::parse(variable).unwrap(),
            operator,
            operand: Operand::String(text.into()),
        })
    }

    #[test]
    fn a_table_finds_the_rule_that_would_hold_first() {
        let mut rules: Vec<Condition> = (0..10).map(|n| equals("$.v", &format!("t{}", n % 7))).collect();
        rules.insert(0, equals("$.w", "t1"));
        rules.push(Condition::Not(Box::new(equals("$.v", "t1"))));
        rules.extend((0..3).map(|n| equals("$.v", &format!("u{n}"))));
        let tables = StringTable::find(rules.iter().map(Some));
        let [table] = &tables[..] else { panic!("{tables:?}") };
        assert_eq!(table.rules(), 1..11);
        for (value, expected) in
            [(r#""t0""#, Some(1)), (r#""\u0074\u0033""#, Some(4)), (r#""t7""#, None), ("3", None), ("null", None)]
        {
            let mut heap = Heap::new();
            let mut world = World::new(&mut heap, &format!(r#"{{"v":{value}}}"#));
            assert_eq!(table.evaluate(&mut heap, &mut world), Ok(expected), "{value}");
            let one_by_one = table.rules().find(|index| rules[*index].evaluate(&mut heap, &mut world) == Ok(true));
            assert_eq!(one_by_one, expected, "{value}");
        }
        let mut heap = Heap::new();
        let mut world = World::new(&mut heap, "{}");
        let missing = table.evaluate(&mut heap, &mut world).unwrap_err();
        assert_eq!(Err(missing), rules[1].evaluate(&mut heap, &mut world).map(|_| None::<usize>));
    }
}
