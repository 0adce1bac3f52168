//! Reads the list of fields: from a header line, or from a flow log's definition.

use super::fields::{Name, named, names};
use super::plan::Plan;
use crate::{near, printable};

/// The longest header there is any use for; a longer line is a row.
const LONGEST: usize = 8 * 1024;

/// A line whose columns all look like names, and of which at least two are names of fields.
pub(super) fn read(line: &[u8]) -> Option<Plan> {
    if line.len() > LONGEST
        || !line
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_ ".contains(byte))
    {
        return None;
    }
    let names: Vec<_> = std::str::from_utf8(line).ok()?.split(' ').map(named).collect();
    let known = names.iter().filter(|name| **name != Name::Unknown).count();
    (known >= 2 && 2 * known >= names.len()).then(|| Plan::new(&names))
}

/// The names that a user gave, as written: of `${version} ${account-id} …`, or the names alone.
pub(super) fn written(definition: &str) -> Vec<String> {
    // A shell or Terraform may have left a `$` too many, and a space within the braces.
    let names = definition.split(|c: char| c.is_whitespace() || "${},".contains(c));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What a user gave: `${version} ${account-id} …`, or the names alone.
pub(super) fn given(definition: &str) -> Result<Plan, String> {
    let written = written(definition);
    let meant: Vec<_> = written.iter().map(|name| named(name)).collect();
    let plan = Plan::new(&meant);
    // A format without a needed field is a format all the same, if its names are names.
    if !meant.is_empty() && !meant.contains(&Name::Unknown) {
        return Ok(plan);
    }
    let Some(field) = plan.lacking() else {
        return Ok(plan);
    };
    let strangers = written.iter().filter(|name| named(name) == Name::Unknown);
    let guesses = strangers.filter_map(|name| Some((name, near::nearest(name, names())?)));
    let guesses: Vec<_> = guesses
        .map(|(name, near)| format!("{} looks like {near}", printable::quoted(name.as_bytes())))
        .collect();
    let mut why = format!(
        "expected a format with {}, without which no dependency is known",
        field.wanted().name
    );
    if !guesses.is_empty() {
        why = format!("{why} ({})", guesses.join(", "));
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::{given, read};

    #[test]
    fn a_definition_is_read_as_every_tool_prints_it() {
        let plain = "srcaddr dstaddr srcport dstport protocol start";
        for definition in [
            plain.to_owned(),
            "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${start}".to_owned(),
            "$${srcaddr} $${dstaddr} $${srcport} $${dstport} $${protocol} $${start}".to_owned(),
            plain.to_uppercase(),
            plain.replace(' ', ", "),
            "${ srcaddr }${dstaddr} ${srcport} ${dstport} ${protocol} ${start}".to_owned(),
            "srcAddr dstAddr src_port dst-port protocol start".to_owned(),
        ] {
            assert_eq!(given(&definition).err(), None, "{definition}");
        }
    }

    #[test]
    fn a_definition_that_lacks_a_needed_field_names_the_near_one() {
        let why = given("scraddr dstaddr srcport dstport protocol start").err();
        assert_eq!(
            why.as_deref(),
            Some(
                "expected a format with srcaddr, without which no dependency is known (\"scraddr\" looks like srcaddr)"
            )
        );
    }

    #[test]
    fn a_definition_without_ports_is_one_all_the_same() {
        assert!(given("${interface-id} ${srcaddr} ${dstaddr}").is_ok());
        assert!(given("${interface-id} ${srcaddr} ${no-field}").is_err());
        assert!(given("").is_err());
    }

    #[test]
    fn a_row_is_not_a_header() {
        assert!(read(b"version srcaddr dstaddr some-new-field").is_some());
        assert!(read(b"version srcaddr a b c").is_none());
        assert!(read(b"2 - - NODATA").is_none());
        assert!(read(b"srcaddr").is_none());
        assert!(read(b"").is_none());
    }
}
