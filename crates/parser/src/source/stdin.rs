//! Standard input as one object.

use super::{Deliveries, Delivery, Object, ObjectId, Source, SourceError, SourceKind};

pub(super) static KIND: SourceKind = SourceKind {
    name: "stdin",
    help: "standard input, plain or compressed",
    example: "-",
    recognises: |spec| spec == NAME,
    open: |_, _| Ok(Box::new(Stdin)),
};

const NAME: &str = "-";

struct Stdin;

impl Source for Stdin {
    fn uri(&self) -> &str {
        NAME
    }

    fn deliver(&self, to: &Deliveries) -> Result<(), SourceError> {
        let id = ObjectId {
            uri: NAME.to_owned(),
            version: None,
            size: None,
        };
        // The receiving end may be gone: nobody wants it then.
        let _ = to.send(Delivery::Object(Object::new(id, Box::new(std::io::stdin()))));
        Ok(())
    }
}
