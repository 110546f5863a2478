//! Expressions and inputs, drawn so that paths hit, types mostly fit, and every covered form appears.

use fastrand::Rng;

/// Levels of expressions inside expressions.
const DEPTH: u32 = 4;

pub(super) struct Draw {
    rng: Rng,
    /// Local variables that can be seen.
    locals: Vec<&'static str>,
    /// Whether there is a context, so that names and `$` have a meaning.
    inside: bool,
}

const NAMES: [&str; 6] = ["a", "b", "c", "items", "price", "tags"];
const STRINGS: [&str; 9] =
    ["''", "'a'", "'b,c'", "'order-7'", "' x  y '", "'é😀'", "'12'", "'1.50e1'", "\"q\\\"\\u00e9\\n\""];
const NUMBERS: [&str; 12] = ["0", "1", "2", "3", "7", "0.1", "0.2", "12.75", "1e3", "100", "1e21", "123456789012"];
const LOCALS: [&str; 4] = ["$p", "$q", "$r", "$s"];

impl Draw {
    pub(super) fn new(seed: u64) -> Draw {
        Draw { rng: Rng::with_seed(seed), locals: Vec::new(), inside: false }
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.rng.usize(..list.len())]
    }

    fn once_in(&mut self, times: u32) -> bool {
        self.rng.u32(..times) == 0
    }

    pub(super) fn expression(&mut self) -> String {
        let depth = self.rng.u32(1..=DEPTH);
        self.any(depth)
    }

    fn any(&mut self, depth: u32) -> String {
        match self.rng.u32(..11) {
            0 | 1 => self.path(depth),
            2 | 3 => self.number(depth),
            4 | 5 => self.string(depth),
            6 => self.boolean(depth),
            7 => self.array(depth),
            8 => self.object(depth),
            9 => self.block(depth),
            _ => self.conditional(depth),
        }
    }

    /// Mostly of the type that is wanted.
    fn wanted(&mut self, depth: u32, typed: fn(&mut Draw, u32) -> String) -> String {
        if self.once_in(12) { self.any(depth) } else { typed(self, depth) }
    }

    fn conditional(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.path(0);
        }
        let (condition, then) = (self.wanted(depth - 1, Draw::boolean), self.any(depth - 1));
        if self.once_in(3) {
            return format!("({condition} ? {then})");
        }
        let other = self.any(depth - 1);
        format!("({condition} ? {then} : {other})")
    }

    fn block(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.path(0);
        }
        let seen = self.locals.len();
        let mut text = String::from("(");
        for _ in 0..self.rng.u32(1..=2) {
            let name = self.one_of(&LOCALS);
            let value = self.any(depth - 1);
            text += &format!("{name} := {value}; ");
            self.locals.push(name);
        }
        text += &self.any(depth - 1);
        self.locals.truncate(seen);
        text + ")"
    }

    /// A place that things can be read from.
    fn path(&mut self, depth: u32) -> String {
        let start = self.rng.u32(..10);
        let mut text = match start {
            0 | 1 if self.inside => "$".to_owned(),
            2..=5 if self.inside => self.one_of(&NAMES).to_owned(),
            6 | 7 if !self.locals.is_empty() => self.locals[self.rng.usize(..self.locals.len())].to_owned(),
            8 => self.one_of(&["$v", "$x", "$w", "$nope", "$states.result", "$states.context.State.Name"]).to_owned(),
            9 if depth > 0 => self.bracketed(depth - 1),
            _ => "$states.input".to_owned(),
        };
        let steps = if text == "$states.input" { self.rng.u32(..5) } else { self.rng.u32(..3) };
        for _ in 0..steps {
            text += &self.step(depth);
        }
        text
    }

    fn bracketed(&mut self, depth: u32) -> String {
        match self.rng.u32(..3) {
            0 => format!("({})", self.any(depth)),
            1 => self.array(depth),
            _ => self.call(depth),
        }
    }

    fn step(&mut self, depth: u32) -> String {
        let outer = std::mem::replace(&mut self.inside, true);
        let step = match self.rng.u32(..16) {
            0 => self.one_of(&["[0]", "[1]", "[-1]", "[5]", "[1.7]"]).to_owned(),
            1 if depth > 0 => format!("[{}]", self.wanted(depth - 1, Draw::boolean)),
            2 if depth > 0 => format!("[{}]", self.any(depth - 1)),
            3 => format!("[{} = {}]", self.one_of(&NAMES), self.literal()),
            4 => "[]".to_owned(),
            5 if depth > 0 => format!(".({})", self.any(depth - 1)),
            6 if depth > 0 => format!(".{}", self.object(depth - 1)),
            7 if depth > 0 => format!(".{}", self.array(depth - 1)),
            8 => format!(".{}", self.one_of(&["$string()", "$number()", "$length()", "$uppercase()", "$keys()"])),
            9 => format!(".{}", self.one_of(&["`x y`", "\"a\"", "nope", "nope"])),
            _ => format!(".{}", self.one_of(&NAMES)),
        };
        self.inside = outer;
        step
    }

    fn literal(&mut self) -> &'static str {
        match self.rng.u32(..6) {
            0 => self.one_of(&["true", "false", "null"]),
            1 | 2 => self.one_of(&STRINGS),
            _ => self.one_of(&NUMBERS),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        if depth == 0 {
            return if self.once_in(3) { self.path(0) } else { self.one_of(&NUMBERS).to_owned() };
        }
        let depth = depth - 1;
        match self.rng.u32(..12) {
            0..=3 => {
                let op = self.one_of(&["+", "-", "*", "/", "%"]);
                let (left, right) = (self.wanted(depth, Draw::number), self.wanted(depth, Draw::number));
                format!("({left} {op} {right})")
            }
            4 => format!("-{}", self.wanted(depth, Draw::number)),
            5 | 6 => {
                let name = self.one_of(&["$sum", "$max", "$min", "$average", "$count"]);
                format!("{name}({})", self.wanted(depth, Draw::array))
            }
            7 | 8 => {
                let name = self.one_of(&["$abs", "$floor", "$ceil", "$round", "$sqrt", "$number"]);
                format!("{name}({})", self.wanted(depth, Draw::number))
            }
            9 => {
                let digits = self.one_of(&["0", "1", "2", "-1", "$nope"]);
                format!("$round({}, {digits})", self.wanted(depth, Draw::number))
            }
            10 => format!("$length({})", self.wanted(depth, Draw::string)),
            _ => format!("$number({})", self.wanted(depth, Draw::string)),
        }
    }

    fn string(&mut self, depth: u32) -> String {
        if depth == 0 {
            return if self.once_in(3) { self.path(0) } else { self.one_of(&STRINGS).to_owned() };
        }
        let depth = depth - 1;
        match self.rng.u32(..12) {
            0..=3 => format!("{} & {}", self.any(depth.min(1)), self.wanted(depth, Draw::string)),
            4 | 5 => format!("$string({})", self.any(depth)),
            6 => {
                let name = self.one_of(&["$uppercase", "$lowercase", "$trim"]);
                format!("{name}({})", self.wanted(depth, Draw::string))
            }
            7 => {
                let (start, length) = (self.one_of(&["0", "1", "-2", "9"]), self.one_of(&["", ", 2", ", -1", ", 0"]));
                format!("$substring({}, {start}{length})", self.wanted(depth, Draw::string))
            }
            8 => {
                let name = self.one_of(&["$substringBefore", "$substringAfter"]);
                let (text, part) = (self.wanted(depth, Draw::string), self.wanted(depth, Draw::string));
                format!("{name}({text}, {part})")
            }
            9 => format!("$join({}, {})", self.wanted(depth, Draw::array), self.one_of(&STRINGS)),
            10 => {
                let parts = (self.wanted(depth, Draw::string), self.one_of(&STRINGS), self.one_of(&STRINGS));
                format!("$replace({}, {}, {}{})", parts.0, parts.1, parts.2, self.one_of(&["", "", ", 1", ", -1"]))
            }
            _ => format!("$type({})", self.any(depth)),
        }
    }

    fn boolean(&mut self, depth: u32) -> String {
        if depth == 0 {
            return format!("{} = {}", self.path(0), self.literal());
        }
        let depth = depth - 1;
        let op = match self.rng.u32(..10) {
            0 | 1 => self.one_of(&["=", "!="]),
            2 => {
                let op = self.one_of(&["<", "<=", ">", ">="]);
                let (left, right) = (self.wanted(depth, Draw::number), self.wanted(depth, Draw::number));
                return format!("({left} {op} {right})");
            }
            3 => {
                let op = self.one_of(&["<", "<=", ">", ">="]);
                let (left, right) = (self.wanted(depth, Draw::string), self.wanted(depth, Draw::string));
                return format!("({left} {op} {right})");
            }
            4 | 5 => {
                let op = self.one_of(&["and", "or"]);
                let (left, right) = (self.wanted(depth, Draw::boolean), self.wanted(depth, Draw::boolean));
                return format!("({left} {op} {right})");
            }
            6 => return format!("({} in {})", self.literal(), self.wanted(depth, Draw::array)),
            7 => {
                let name = self.one_of(&["$not", "$boolean", "$exists"]);
                return format!("{name}({})", self.any(depth));
            }
            _ => return format!("$contains({}, {})", self.wanted(depth, Draw::string), self.one_of(&STRINGS)),
        };
        format!("({} {op} {})", self.any(depth), self.any(depth))
    }

    fn array(&mut self, depth: u32) -> String {
        if depth == 0 {
            let list = ["[]", "[1, 2, 3]", "['a', 'b']", "[1..3]", "[[1, 2], [3]]", "[{'a': 1}, {'a': 2, 'b': 3}]"];
            return if self.once_in(2) { self.path(0) } else { self.one_of(&list).to_owned() };
        }
        let depth = depth - 1;
        match self.rng.u32(..12) {
            0..=3 => {
                let items: Vec<String> = (0..self.rng.u32(..4)).map(|_| self.any(depth)).collect();
                format!("[{}]", items.join(", "))
            }
            4 => format!("[{}..{}]", self.wanted(0, Draw::number), self.wanted(0, Draw::number)),
            5 => format!("$append({}, {})", self.wanted(depth, Draw::array), self.any(depth)),
            6 => {
                let name = self.one_of(&["$reverse", "$distinct", "$keys", "$spread"]);
                format!("{name}({})", self.wanted(depth, Draw::array))
            }
            7 => {
                let text = self.wanted(depth, Draw::string);
                format!("$split({text}, {}{})", self.one_of(&STRINGS), self.one_of(&["", ", 2", ", 0", ", -1"]))
            }
            8 => format!("$range({}, {}, {})", self.number(0), self.number(0), self.one_of(&["1", "2", "-1", "0"])),
            9 => format!("$partition({}, {})", self.wanted(depth, Draw::array), self.one_of(&["1", "2", "0", "1.5"])),
            _ => self.each(depth),
        }
    }

    /// `$map`, `$filter`, `$reduce`
    fn each(&mut self, depth: u32) -> String {
        let array = self.wanted(depth, Draw::array);
        let seen = self.locals.len();
        let count = self.rng.usize(1..=3);
        let reduce = self.once_in(3);
        let count = if reduce { count.max(2) } else { count };
        self.locals.extend(&LOCALS[..count]);
        let parameters = LOCALS[..count].join(", ");
        let body = if self.once_in(2) { self.number(depth) } else { self.any(depth) };
        self.locals.truncate(seen);
        if reduce {
            let initial = if self.once_in(2) { format!(", {}", self.number(0)) } else { String::new() };
            return format!("$reduce({array}, function({parameters}) {{ {body} }}{initial})");
        }
        let name = self.one_of(&["$map", "$filter"]);
        if self.once_in(4) {
            return format!("({array} ~> {name}(function({parameters}) {{ {body} }}))");
        }
        format!("{name}({array}, function({parameters}) {{ {body} }})")
    }

    fn object(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.one_of(&["{}", "{'a': 1}", "{'a': {'b': 'x'}}"]).to_owned();
        }
        let depth = depth - 1;
        if self.once_in(5) {
            return format!("$merge({})", self.wanted(depth, Draw::array));
        }
        let mut entries = Vec::new();
        for name in NAMES.iter().take(self.rng.usize(..4)) {
            let key = match self.rng.u32(..8) {
                0 => self.wanted(depth.min(1), Draw::string),
                _ => format!("'{name}'"),
            };
            entries.push(format!("{key}: {}", self.any(depth)));
        }
        format!("{{{}}}", entries.join(", "))
    }

    fn call(&mut self, depth: u32) -> String {
        match self.rng.u32(..8) {
            0 => format!("$lookup({}, '{}')", self.wanted(depth, Draw::object), self.one_of(&NAMES)),
            1 => format!("({} ~> $string)", self.any(depth)),
            2 => format!("({} ~> $append({}))", self.any(depth), self.any(depth)),
            3 => format!("$hash({}, {})", self.string(depth), self.one_of(&["'MD5'", "'SHA-256'", "'nope'"])),
            4 => "$parse('{\"a\":[1,{\"b\":1.50}]}')".to_owned(),
            5 => self.one_of(&["$millis()", "$now()", "$uuid()", "$random()", "$random(7)"]).to_owned(),
            6 => self.object(depth),
            _ => self.each(depth),
        }
    }

    pub(super) fn input(&mut self) -> String {
        if self.once_in(12) {
            return self.json(3);
        }
        let items: Vec<String> = (0..self.rng.u32(..4)).map(|_| self.item()).collect();
        let fields = [
            format!("\"a\":{}", self.json(1)),
            format!("\"b\":{}", self.json(2)),
            format!("\"c\":{{\"a\":{},\"b\":{}}}", self.json(0), self.json(1)),
            format!("\"items\":[{}]", items.join(",")),
            format!("\"x y\":{}", self.json(1)),
            "\"price\":12.50".to_owned(),
        ];
        let fields: Vec<String> = fields.into_iter().filter(|_| self.rng.u32(..8) > 0).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn item(&mut self) -> String {
        let fields = [
            format!("\"a\":{}", self.json(1)),
            format!("\"b\":{}", self.json(0)),
            format!("\"price\":{}", self.one_of(&["1", "2.50", "10", "1e2", "\"7\""])),
            format!("\"tags\":{}", self.one_of(&["[]", "[\"a\"]", "[\"a\",\"b\"]", "\"a\"", "[[\"a\"],[]]"])),
        ];
        let fields: Vec<String> = fields.into_iter().filter(|_| self.rng.u32(..6) > 0).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn json(&mut self, depth: u32) -> String {
        let scalars = [
            "null",
            "true",
            "false",
            "0",
            "1",
            "2",
            "-3",
            "1.50",
            "1e2",
            "0.1",
            "12345678901234567890",
            "9007199254740993",
            "\"\"",
            "\"a\"",
            "\"b,c\"",
            "\"12\"",
            "\"\\u00e9\\ud83d\\ude00\"",
            "\"x\\\"y\\/z\"",
        ];
        if depth == 0 || self.once_in(2) {
            return self.one_of(&scalars).to_owned();
        }
        if self.once_in(2) {
            let items: Vec<String> = (0..self.rng.u32(..4)).map(|_| self.json(depth - 1)).collect();
            return format!("[{}]", items.join(","));
        }
        let mut fields = Vec::new();
        for name in NAMES {
            if self.once_in(2) {
                fields.push(format!("\"{name}\":{}", self.json(depth - 1)));
            }
        }
        format!("{{{}}}", fields.join(","))
    }
}
