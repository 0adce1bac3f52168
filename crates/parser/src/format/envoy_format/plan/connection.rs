//! The lines of a format that are about TCP connections: what only requests have is the same in all of them, so it is
//! compared as text, and a third of the columns is left to be looked for.

use super::super::block::Block;
use super::super::seek;
use super::{Class, Column, Plan, Target, Values};

mod walk;

use walk::Walk;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// The text in front of the first column.
    first: Vec<u8>,
    columns: Vec<Step>,
    /// The slots whose values are the same in all such lines, a bit each: there is no such value.
    unset: u32,
    /// Those that a step fills, a bit each.
    filled: u32,
}

/// A column, and what stands between it and the next.
#[derive(Debug, Clone)]
struct Step {
    is_stamp: bool,
    target: Option<Target>,
    behind: Vec<u8>,
    /// What `behind` begins with, and a bit for each byte of that.
    begins: ([u8; 32], u32),
}

impl Connection {
    /// `None` where such a line could say something else to the [plan](Plan): unless the time stands first, spaces and
    /// quotes are all around the other columns, each slot has one column, whose value is never cut, and a record needs none of
    /// the middle.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let (time, others) = plan.columns.split_first()?;
        let mut slots: Vec<_> = plan
            .columns
            .iter()
            .filter_map(|it| it.target)
            .map(|it| it.slot.index())
            .collect();
        slots.sort_unstable();
        let is_plain = time.class == Class::Stamp && plan.left > 0 && plan.wanted != (plan.left, plan.right);
        let is_cut = |column: &Column| column.target.is_some_and(|target| target.limit.is_some());
        if !is_plain || plan.columns.iter().any(is_cut) || slots.windows(2).any(|pair| pair.first() == pair.last()) {
            return None;
        }
        let texts = others.iter().map(|column| &column.before).chain([&plan.after]);
        let mut columns: Vec<Step> = Vec::new();
        let mut unset = 0;
        for (column, text) in plan.columns.iter().zip(texts) {
            match (column.of_connections, columns.last_mut()) {
                (Some(value), Some(last)) => {
                    last.behind.extend([value, text].concat());
                    unset |= column.target.map_or(0, |target| 1 << target.slot.index());
                }
                _ => columns.push(Step::new(columns.is_empty(), column.target, text)),
            }
        }
        let parts = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'"'));
        let (last, between) = columns.split_last()?;
        let fit = (between.iter().skip(1).all(|step| parts(step.behind.first())))
            && between.iter().all(|step| parts(step.behind.last()))
            && (last.behind.is_empty() || parts(last.behind.first()));
        columns.iter_mut().for_each(Step::prepare);
        let targets = columns.iter().filter_map(|step| step.target);
        let filled = targets.fold(0, |filled, target| filled | 1 << target.slot.index());
        (fit && unset != 0).then(|| Connection {
            first: time.before.clone(),
            columns,
            unset,
            filled,
        })
    }

    /// The values of such a line; `None` if it is another.
    #[inline]
    pub(super) fn values<'a>(&self, line: &'a [u8], values: &mut Values<'a>) -> Option<()> {
        let from = self.first.len();
        seek::behind(line, &self.first)?;
        match values.block().simd() {
            Some(simd) => simd.vectorize(Walk {
                simd,
                steps: &self.columns,
                line,
                from,
                values,
            }),
            None => walk::slowly(&self.columns, line, from, values),
        }?;
        values.placed(self.unset, self.filled);
        Some(())
    }
}

impl Step {
    fn new(is_stamp: bool, target: Option<Target>, behind: &[u8]) -> Self {
        Step {
            is_stamp,
            target,
            behind: behind.to_owned(),
            begins: ([0; 32], 0),
        }
    }

    /// To be called once all stands behind it that will.
    fn prepare(&mut self) {
        for (at, (to, byte)) in self.begins.0.iter_mut().zip(&self.behind).enumerate() {
            *to = *byte;
            self.begins.1 |= 1 << at;
        }
    }
}

impl Column {
    /// What the command prints of every connection that is no request's.
    pub(super) fn of_connections(command: &super::Command<'_>) -> Option<&'static [u8]> {
        match command.known.name {
            "RESPONSE_CODE" => Some(b"0"),
            "PROTOCOL" => Some(b"-"),
            _ if command.known.takes == super::super::operator::Takes::Header => Some(b"-"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Plan;
    use crate::format::envoy_format::built_in;
    use crate::format::envoy_format::values::{Read, Values};

    /// What a plan reads of a line with this behind it in its block.
    fn read(plan: &Plan, line: &str, behind: &str) -> Option<String> {
        let block = format!("{line}{behind}");
        let line = block.as_bytes().get(..line.len())?;
        let (mut values, mut read) = (Values::of(block.as_bytes()), Read::default());
        plan.values(line, &mut Vec::new(), &mut values).ok()?;
        let fault = values.read(plan.clock(), &mut read).err();
        let own = (values.upstream_local(), values.connection(), values.tell_http());
        Some(format!(
            "{:?} {own:?} {:?}",
            fault.is_none().then_some(read),
            fault.map(|fault| fault.message())
        ))
    }

    const OF_A_USER: &str = "%START_TIME% %CONNECTION_ID% %REQ(:AUTHORITY)% %RESPONSE_CODE% %BYTES_SENT% %UPSTREAM_HOST% %DURATION% \
                             \"%REQ(A)%\" %REQUESTED_SERVER_NAME%\n";
    const OF_MANY_HEADERS: &str = "%START_TIME% %UPSTREAM_HOST% %DURATION% \"%REQ(A)%\" \"%REQ(B)%\" \"%REQ(C)%\" \"%REQ(D)%\" \"%REQ(E)%\" \
                                   \"%REQ(F)%\" \"%REQ(G)%\" \"%REQ(H)%\" %REQ(:AUTHORITY)% %BYTES_SENT% %UPSTREAM_CLUSTER%\n";

    #[test]
    fn the_defaults_have_lines_about_connections() {
        let has = |format| Plan::new(format).unwrap().connection.is_some();
        assert!(has(built_in::ENVOY) && has(built_in::ISTIO) && has(OF_A_USER) && has(OF_MANY_HEADERS));
        for format in [
            "%START_TIME%,%REQ(A)%,%BYTES_SENT%",
            "%BYTES_SENT% %START_TIME% %REQ(A)%",
            "%START_TIME% %REQ(A)% %BYTES_SENT% %REQ(B)%",
            "%START_TIME% %BYTES_SENT% %BYTES_SENT% %PROTOCOL%",
            "%START_TIME% %BYTES_SENT%",
        ] {
            assert!(!has(format), "{format}");
        }
    }

    proptest! {
        #[test]
        fn such_a_line_says_what_it_says_column_by_column(
            format in prop::sample::select(&[built_in::ENVOY, built_in::ISTIO, OF_A_USER, OF_MANY_HEADERS][..]),
            values in prop::collection::vec(
                "-|0|[0-9]{1,3}|192\\.0\\.2\\.[1-9]:443|[a-z|.]{1,6}|[ -~]{0,4}|[a-z|.]{20,70}|[a-z]{60,140}|[a-z]{300}",
                30,
            ),
            behind in "(\r?\n[ -~]{0,200})?",
            usual in prop::collection::vec(prop::bool::weighted(0.97), 30),
        ) {
            let plan = Plan::new(format).unwrap();
            let plain = Plan { connection: None, ..plan.clone() };
            let mut line = String::new();
            for (at, column) in plan.columns.iter().enumerate() {
                line.push_str(std::str::from_utf8(&column.before).unwrap());
                match column.of_connections.filter(|_| usual[at]) {
                    _ if at == 0 => line.push_str("2026-11-20T01:58:00.996Z"),
                    Some(value) => line.push_str(std::str::from_utf8(value).unwrap()),
                    None => line.push_str(&values[at]),
                }
            }
            line.push_str(std::str::from_utf8(&plan.after).unwrap());
            prop_assert_eq!(read(&plan, &line, &behind), read(&plain, &line, ""), "{}", line);
        }
    }
}
