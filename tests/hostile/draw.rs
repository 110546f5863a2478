//! Draws of definitions and events that take as much as they can.

use std::fmt::Write;
use std::time::Duration;

use stepstream::engine::Limits;

pub(crate) struct Draw {
    random: fastrand::Rng,
    states: usize,
    /// Parts that the definition may still have, about.
    room: usize,
}

/// Whether states in JSONata are drawn.
const JSONATA: bool = true;

/// Paths into the events of [`Draw::event`]; some find much, some nothing.
const PATHS: &[&str] = &[
    "$",
    "$.s",
    "$.l",
    "$.o",
    "$.d",
    "$.j",
    "$.n",
    "$.t",
    "$.l[0]",
    "$.l[-1]",
    "$.l[*]",
    "$..*",
    "$..a",
    "$..a..b",
    "$..[0]",
    "$.l[?(@.a)]",
    "$..[?(@.a)]",
    "$..[?(@..a)]",
    "$..[?(@..a)]..[?(@..b)]",
    "$.l[?(@ == $.n)]",
    "$.l[?(@.b == $..b)]",
    "$.l[?(@.a =~ /.*(a|b)*c/)]",
    "$.l[0:500:2]",
    "$.l.length()",
    "$.l.sum()",
    "$.l[*].a",
    "$.o.*",
    "$.o[?(@ > 3)]",
    "$..*.length()",
    "$.l.concat()",
    "$.l[?(@..a == @..b)]",
    "$$",
    "$$.Execution.Input",
    "$$.Execution.Input.l",
    "$v",
    "$w",
    "$..*..*",
    "$.l[?($..a)]",
    "$.l..*",
    "$.d..*",
];

/// Expressions in JSONata over the same events.
const QUERIES: &[&str] = &[
    "$states.input",
    "$states.input.l",
    "$states.input.l.a",
    "[1..$states.input.n]",
    "$count([1..5000000])",
    "$states.input.l.($states.input.l)",
    "$map($states.input.l, function($x){$map($states.input.l, function($y){[$x,$y]})})",
    "$states.input.l[a = $states.input.l.a]",
    "$distinct($states.input.l)",
    "$sort($states.input.l)",
    "$states.input.l^(a)",
    "$pad('', 3000000, 'x')",
    "$join([1..100000].'xxxxxxxx')",
    "$states.input.**",
    "$states.input.l.%.l",
    "$reverse([1..100000])",
    "($f := function($n){$n = 0 ? 1 : $f($n - 1)}; $f(1000000))",
    "($f := function($n){$n = 0 ? 1 : 1 + $f($n - 1)}; $f(90))",
    "($f := function($n, $a){$n = 0 ? $a : $f($n - 1, $a & $a)}; $f(64, 'xx'))",
    "($f := function($n, $g){$n = 0 ? 1 : $f($n - 1, function(){$g})}; $f(100000, 1))",
    "$reduce([1..40], function($a, $v){[$a, $a]}, $states.input.l)",
    "$reduce($states.input.l, $append)",
    "$states.input.l{$string(a): $}",
    "$merge($states.input.l)",
    "$spread($states.input)",
    "$each($states.input, $string)",
    "$replace($states.input.s, 'a', 'aaaaaaaaaaaaaaaa')",
    "$match($states.input.s, /(a|b)*c/)",
    "$split($states.input.s, ',')",
    "$contains($states.input.s, /(a*)*b/)",
    "$string($states.input)",
    "$zip($states.input.l, $states.input.l)",
    "$shuffle($states.input.l)",
    "$formatNumber(1e20, '#,##0.00')",
    "$states.input ~> |$..*|{'z': $states.input.l}|",
    "$base64encode($states.input.s)",
    "$lookup($states.input.l, 'a')",
    "$filter($states.input.l, function($v){$v in $states.input.l})",
    "$partition([1..100000], 1)",
    "$hash($states.input.s, 'SHA-512')",
    "$parse($states.input.j)",
    "$range(0, 100000, 1)",
    "$v",
    "$w",
];

impl Draw {
    pub(crate) fn new(seed: u64) -> Draw {
        Draw { random: fastrand::Rng::with_seed(seed), states: 0, room: 200 }
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.random.usize(..times) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.random.usize(..of.len())]
    }

    /// A count that is mostly small, and now and then large: as long as the definition has not taken too much to compile.
    fn count(&mut self, most: usize) -> usize {
        let most = if self.one_in(6) { most.min(self.room) } else { most.min(4) };
        let count = 1 + self.random.usize(..most.max(1));
        self.room = self.room.saturating_sub(count);
        count
    }

    /// Mostly small ones, so that draws come to them soon; now and then those of a pipeline.
    pub(crate) fn limits(&mut self) -> Limits {
        if self.one_in(4) {
            return Limits { max_transitions: 30_000, timeout: Duration::from_secs(10), ..Limits::default() };
        }
        Limits {
            max_transitions: 10_000,
            timeout: Duration::from_secs(10),
            max_work_per_state: 400_000,
            work_per_run: 50_000,
            max_heap_bytes: 8 << 20,
            ..Limits::default()
        }
    }

    pub(crate) fn definition(&mut self) -> String {
        let query = JSONATA && self.one_in(2);
        let machine = self.machine(2, query);
        let language = if query { r#""QueryLanguage":"JSONata","# } else { "" };
        format!("{{{language}{}", &machine[1..])
    }

    /// A machine of a few states in a row, which may go back to the first.
    fn machine(&mut self, levels: usize, query: bool) -> String {
        let first = self.states;
        let count = 1 + self.random.usize(..3);
        self.states += count;
        let mut states = Vec::new();
        for at in first..first + count {
            let next = if at + 1 < first + count {
                format!(r#""Next":"S{}""#, at + 1)
            } else if self.one_in(4) {
                // Round and round.
                format!(r#""Next":"S{first}""#)
            } else {
                r#""End":true"#.to_owned()
            };
            states.push(format!(r#""S{at}":{}"#, self.state(levels, query, &next, first)));
        }
        format!(r#"{{"StartAt":"S{first}","States":{{{}}}}}"#, states.join(","))
    }

    fn state(&mut self, levels: usize, query: bool, next: &str, first: usize) -> String {
        let kind = self.random.usize(..if levels > 0 { 10 } else { 6 });
        match kind {
            0 if !query && next.starts_with(r#""Next"#) => self.choice(next, first),
            1 => {
                let catch = if self.one_in(2) {
                    format!(r#","Catch":[{{"ErrorEquals":["States.ALL"],"Next":"S{first}"}}]"#)
                } else {
                    String::new()
                };
                let field = self.data("Arguments", "Parameters", query);
                format!(r#"{{"Type":"Task","Resource":"r"{field}{catch},{next}}}"#)
            }
            2 => format!(r#"{{"Type":"Wait","Seconds":{},{next}}}"#, self.random.u32(..3)),
            0 | 3..=5 => {
                let field = self.data("Output", "Parameters", query);
                let path = if !query && self.one_in(3) { r#","ResultPath":"$.r.r""# } else { "" };
                let assign = if self.one_in(3) { self.data("Assign", "Assign", query) } else { String::new() };
                format!(r#"{{"Type":"Pass"{field}{path}{assign},{next}}}"#)
            }
            6 | 7 => {
                let branches: Vec<String> = (0..self.count(20)).map(|_| self.machine(levels - 1, query)).collect();
                format!(r#"{{"Type":"Parallel","Branches":[{}],{next}}}"#, branches.join(","))
            }
            _ => {
                let items = match query {
                    true => format!(
                        r#""Items":"{{% {} %}}""#,
                        self.pick(&["$states.input.l", "[1..5000]", "$states.input"])
                    ),
                    false => format!(r#""ItemsPath":"{}""#, self.pick(&["$.l", "$", "$..*", "$.l[*]"])),
                };
                let selector =
                    if self.one_in(2) { self.data("ItemSelector", "ItemSelector", query) } else { String::new() };
                let machine = self.machine(levels - 1, query);
                format!(r#"{{"Type":"Map",{items}{selector},"ItemProcessor":{machine},{next}}}"#)
            }
        }
    }

    fn choice(&mut self, next: &str, first: usize) -> String {
        let target = &next[8..next.len() - 1];
        let rules: Vec<String> = (0..self.count(300))
            .map(|_| {
                let (path, test) = (
                    self.pick(&["$.s", "$.l", "$.o.k999", "$.zzz", "$.n", "$.d"]),
                    self.pick(&[
                        r#""StringMatches":"*a*b*c*d*""#,
                        r#""IsPresent":false"#,
                        r#""NumericEquals":-1"#,
                        r#""StringEqualsPath":"$.s""#,
                    ]),
                );
                format!(r#"{{"Variable":"{path}",{test},"Next":"{target}"}}"#)
            })
            .collect();
        format!(r#"{{"Type":"Choice","Choices":[{}],"Default":"S{first}"}}"#, rules.join(","))
    }

    /// A field with data, led by a comma.
    fn data(&mut self, query_name: &str, path_name: &str, query: bool) -> String {
        let name = if query { query_name } else { path_name };
        let entries: Vec<String> = (0..self.count(150))
            .map(|index| {
                let key = match (index, path_name) {
                    (0, "Assign") => "v".to_owned(),
                    (1, "Assign") => "w".to_owned(),
                    (0, _) => "l".to_owned(),
                    (1, _) => "s".to_owned(),
                    _ => format!("k{index}"),
                };
                match query {
                    true => format!(r#""{key}":"{{% {} %}}""#, self.pick(QUERIES)),
                    false => format!(r#""{key}.$":"{}""#, self.value(4)),
                }
            })
            .collect();
        format!(r#","{name}":{{{}}}"#, entries.join(","))
    }

    /// A path, or a call of an intrinsic function; mostly one that has a value.
    fn value(&mut self, levels: usize) -> String {
        match self.random.usize(..8) {
            0 => self.pick(PATHS).to_owned(),
            1..=3 => self.text(levels),
            _ => self.list(levels),
        }
    }

    /// Something that gives a text.
    fn text(&mut self, levels: usize) -> String {
        if levels == 0 || self.one_in(4) {
            return self.pick(&["$.s", "$.j", "$.t", "$.s", "$.s"]).to_owned();
        }
        match self.random.usize(..6) {
            0 => {
                let (a, b) = (self.text(levels - 1), self.list(levels - 1));
                format!("States.Format('{{}}{{}}{{}}{{}}', {a}, {a}, {a}, {b})")
            }
            1 => {
                let a = self.text(levels - 1);
                format!("States.Format('{{}}{{}}{{}}{{}}{{}}{{}}', {a}, {a}, {a}, {a}, {a}, {a})")
            }
            2 => format!("States.JsonToString({})", self.list(levels - 1)),
            3 => format!("States.JsonToString({})", self.text(levels - 1)),
            4 => format!("States.Base64Encode({})", self.text(levels - 1)),
            _ => format!("States.Hash({}, 'SHA-512')", self.text(levels - 1)),
        }
    }

    /// Something that gives an array.
    fn list(&mut self, levels: usize) -> String {
        if levels == 0 || self.one_in(4) {
            return self.pick(&["$.l", "$..*", "$.l[*]", "$..a", "States.ArrayRange(0, 999, 1)", "$.l"]).to_owned();
        }
        match self.random.usize(..8) {
            0 => {
                let (a, b) = (self.list(levels - 1), self.text(levels - 1));
                format!("States.Array({a}, {a}, {a}, {a}, {b})")
            }
            1 | 2 => format!("States.ArrayPartition({}, {})", self.list(levels - 1), self.random.usize(1..3)),
            3 => format!("States.Array(States.ArrayContains({}, $.n))", self.list(levels - 1)),
            4 => format!("States.ArrayUnique({})", self.list(levels - 1)),
            5 => format!("States.StringSplit({}, ',')", self.text(levels - 1)),
            6 => "States.StringToJson($.j)".to_owned(),
            _ => "States.Array(States.JsonMerge($.o, $.o, false))".to_owned(),
        }
    }

    /// An object of a few parts, one or two of which may be large.
    pub(crate) fn event(&mut self) -> String {
        let most = if self.one_in(3) { 120_000 } else { 1 << self.random.usize(4..14) };
        let large = [self.random.usize(..5), self.random.usize(..5)];
        let mut out = String::from(r#"{"t":"2020-01-01T00:00:00Z","n":"#);
        let _ = write!(out, "{}", self.random.u32(..20_000));
        for part in 0..5 {
            self.part(part, if large.contains(&part) { most } else { 60 }, &mut out);
        }
        out.push('}');
        out
    }

    fn part(&mut self, part: usize, bytes: usize, out: &mut String) {
        let end = out.len() + bytes.max(40);
        match part {
            0 => {
                out.push_str(r#","l":[0"#);
                let unit = self.pick(&[
                    ",1",
                    ",[]",
                    ",{}",
                    r#",{"a":1,"b":2}"#,
                    r#",{"a":{"b":[{"a":0,"b":{"a":0}}]}}"#,
                    ",\"xyz\"",
                ]);
                let numbered = self.one_in(3);
                while out.len() + 50 < end {
                    if numbered {
                        let length = out.len();
                        let _ = write!(out, ",{length}");
                    } else {
                        out.push_str(unit);
                    }
                }
                out.push(']');
            }
            1 => {
                let unit = self.pick(&["y", "a,", "{}", "ab", r#"\""#, r"\\", "é", "1,[", r"\u0001"]);
                out.push_str(r#","s":""#);
                while out.len() + 10 < end {
                    out.push_str(unit);
                }
                out.push('"');
            }
            2 => {
                out.push_str(r#","o":{"a":0"#);
                let mut index = 0;
                while out.len() + 20 < end {
                    let _ = write!(out, r#","k{index}":{index}"#);
                    index += 1;
                }
                out.push('}');
            }
            3 => {
                let levels = self.random.usize(1..100);
                out.push_str(r#","d":"#);
                out.push_str(&r#"{"a":[{"b":"#.repeat(levels / 3));
                out.push('0');
                out.push_str(&"}]}".repeat(levels / 3));
            }
            _ => {
                out.push_str(r#","j":"["#);
                while out.len() + 20 < end {
                    out.push_str("[1,{}],");
                }
                out.push_str(r#"0]""#);
            }
        }
    }
}
