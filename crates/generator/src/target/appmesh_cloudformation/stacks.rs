//! Which stack holds what: one stack as long as one template may hold all of it, else as many as that takes.

/// Resources of one template.
pub(super) const RESOURCES: usize = 500;
/// Outputs of one template.
pub(super) const OUTPUTS: usize = 200;
/// Bytes of one template.
const BYTES: usize = 1_000_000;

/// What is never divided: the resources of one node, or the output of one caller.
#[derive(Debug)]
pub(super) struct Part {
    /// Made of its name alone.
    pub(super) hash: u64,
    /// None for an output.
    pub(super) resources: usize,
    /// Its lines in the template.
    pub(super) text: String,
}

/// A template, with what it holds in the order in which it was given.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) file: String,
    pub(super) parts: Vec<Part>,
}

impl Stack {
    pub(super) fn resources(&self) -> usize {
        self.parts.iter().map(|part| part.resources).sum()
    }

    pub(super) fn outputs(&self) -> usize {
        self.parts.iter().filter(|part| part.resources == 0).count()
    }

    fn fits(&self, head: usize) -> bool {
        let bytes: usize = self.parts.iter().map(|part| part.text.len()).sum();
        self.resources() <= RESOURCES && self.outputs() <= OUTPUTS && head + bytes <= BYTES
    }
}

/// The stacks, in the order of their files. `head` is what a template holds beside its parts, in bytes.
///
/// A stack that is too large keeps the parts whose hash has a 0 next, and gives the others to a new one that is named after
/// the bits that they share. So where a part is follows from its name, and when a stack outgrows a template no other changes.
pub(super) fn divide(parts: Vec<Part>, head: usize) -> Vec<Stack> {
    let mut stacks = Vec::new();
    let mut undecided = vec![(String::new(), parts)];
    while let Some((bits, parts)) = undecided.pop() {
        let stack = Stack {
            file: file_name(&bits),
            parts,
        };
        let divisible = stack.parts.len() > 1 && bits.len() < 64;
        if divisible && !stack.fits(head) {
            let is_one = |part: &Part| (part.hash ^ (part.hash >> 32)) >> bits.len() & 1 == 1;
            let (ones, zeros) = stack.parts.into_iter().partition(is_one);
            undecided.push((format!("{bits}0"), zeros));
            undecided.push((format!("{bits}1"), ones));
        } else if bits.is_empty() || !stack.parts.is_empty() {
            stacks.push(stack);
        }
    }
    stacks.sort_by(|a, b| a.file.cmp(&b.file));
    stacks
}

fn file_name(bits: &str) -> String {
    match bits.trim_end_matches('0') {
        "" => "template.yaml".to_owned(),
        bits => format!("template-{bits}.yaml"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::text::hash;

    fn part(name: &str, resources: usize) -> Part {
        Part {
            hash: hash(name),
            resources,
            text: name.to_owned(),
        }
    }

    /// The file of every part, by its name.
    fn places(parts: impl Iterator<Item = Part>, head: usize) -> BTreeMap<String, String> {
        let stacks = divide(parts.collect(), head);
        for stack in &stacks {
            assert!(stack.fits(head), "{}", stack.file);
        }
        let placed = stacks.into_iter().flat_map(|stack| {
            let file = stack.file;
            stack.parts.into_iter().map(move |part| (part.text, file.clone()))
        });
        placed.collect()
    }

    #[test]
    fn what_one_template_may_hold_is_one_template() {
        for parts in [RESOURCES / 2, 0] {
            let parts = (0..parts).map(|n| part(&format!("ext-h{n}-example"), 2));
            let stacks = divide(parts.collect(), 0);
            assert_eq!((stacks.len(), stacks[0].file.as_str()), (1, "template.yaml"));
        }
    }

    #[test]
    fn resources_outputs_and_bytes_each_divide() {
        let many = |count: usize, resources| (0..count).map(move |n| part(&format!("ext-h{n}-example"), resources));
        for (parts, head) in [
            (many(RESOURCES / 2 + 1, 2), 0),
            (many(OUTPUTS + 1, 0), 0),
            (many(2, 1), BYTES - 20),
        ] {
            let count = parts.len();
            let places = places(parts, head);
            assert_eq!(places.len(), count);
            assert!(places.values().any(|file| file != "template.yaml"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_part_stays_in_its_stack_unless_that_grows_too_large_and_then_goes_to_a_new_one(
            before in 1_usize..1500,
            more in 1_usize..1500,
            salt in any::<u16>(),
        ) {
            let parts = |count: usize| (0..count).map(move |n| part(&format!("ext-{salt}-{n}-example"), 2));
            let (old, new) = (places(parts(before), 0), places(parts(before + more), 0));
            let files: std::collections::BTreeSet<&String> = old.values().collect();
            for (name, file) in &old {
                prop_assert!(new[name] == *file || !files.contains(&new[name]), "{} of {}", name, file);
            }
        }
    }
}
