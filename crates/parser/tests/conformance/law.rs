//! The law that every reading keeps: each object whole and once, or a fault that tells of what is missing.

use std::collections::BTreeMap;

use crate::store::{Arrived, Reading};

/// What was put, by name; several texts where an object was replaced while it was read.
pub(crate) type Put<'a> = BTreeMap<String, Vec<&'a str>>;

/// Nothing strange, nothing twice, nothing altered, and nothing missing that no fault tells of.
pub(crate) fn no_silent_hole_and_no_double_count(put: &Put<'_>, reading: &Reading) {
    let mut found = BTreeMap::new();
    for arrived in &reading.arrived {
        let name = arrived.name.as_ref().unwrap_or_else(|uri| panic!("nobody put {uri}"));
        assert!(found.insert(name, arrived).is_none(), "{name} arrived twice");
        let texts = put.get(name).unwrap_or_else(|| panic!("nobody put {name}"));
        let whole = |text: &&str| text.as_bytes() == arrived.text;
        let begun = |text: &&str| text.as_bytes().starts_with(&arrived.text);
        match &arrived.fault {
            None => assert!(
                texts.iter().any(whole),
                "{name} has {} bytes and no fault",
                arrived.text.len()
            ),
            Some(fault) => assert!(
                texts.iter().any(begun) && !fault.is_empty(),
                "{name} is a mixture: {fault}"
            ),
        }
    }
    assert_eq!(reading.duplicates, 0);
    let missing = put.keys().filter(|name| !found.contains_key(name)).count();
    assert!(
        missing == 0 || !reading.faults.is_empty(),
        "{missing} objects are missing and nothing says so"
    );
    let words = reading.faults.iter().all(|fault| fault.starts_with("cannot "));
    assert!(words, "{:?}", reading.faults);
}

/// Everything arrived, and nothing went wrong.
pub(crate) fn all_is_there(put: &Put<'_>, reading: &Reading) {
    no_silent_hole_and_no_double_count(put, reading);
    assert_eq!(reading.faults, Vec::<String>::new());
    let faults: Vec<_> = reading
        .arrived
        .iter()
        .filter_map(|arrived| arrived.fault.as_ref())
        .collect();
    assert_eq!(faults, Vec::<&String>::new());
    assert_eq!(reading.arrived.len(), put.len());
}

#[test]
fn a_source_that_loses_doubles_or_alters_anything_breaks_the_law() {
    let object = |name: &str, text: &str, fault: Option<&str>| Arrived {
        name: Ok(name.to_owned()),
        text: text.into(),
        fault: fault.map(str::to_owned),
    };
    let put = Put::from([("a".to_owned(), vec!["one\n"]), ("b".to_owned(), vec!["two\n"])]);
    let (a, b) = (object("a", "one\n", None), object("b", "two\n", None));
    let lawful = |arrived: &[Arrived], faults: &[&str]| {
        let reading = Reading {
            arrived: arrived.to_vec(),
            faults: faults.iter().map(|&fault| fault.to_owned()).collect(),
            ..Reading::default()
        };
        std::panic::catch_unwind(|| no_silent_hole_and_no_double_count(&put, &reading)).is_ok()
    };
    assert!(lawful(&[a.clone(), b.clone()], &[]));
    assert!(lawful(&[a.clone(), object("b", "tw", Some("broke off"))], &[]));
    assert!(lawful(std::slice::from_ref(&a), &["cannot read b: gone"]));
    assert!(!lawful(std::slice::from_ref(&a), &[]), "a hole");
    assert!(!lawful(&[a.clone(), b.clone(), b.clone()], &[]), "a double");
    assert!(!lawful(&[a.clone(), object("b", "tw", None)], &[]), "a cut");
    assert!(
        !lawful(&[a.clone(), object("b", "wto\n", Some("broke off"))], &[]),
        "a mixture"
    );
    assert!(!lawful(&[a, b, object("c", "", None)], &[]), "a stranger");
}
