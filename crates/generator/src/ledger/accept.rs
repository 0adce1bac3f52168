//! Decides what of the map enters the ledger, and as what.

use egressmap_aggregator::map::{Certainty, Class, Dependency, Grade, Key, Protocol};
use egressmap_aggregator::suspicion::{Factor, Suspicion, Suspicions};

/// What a new dependency may become without a person having looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Nothing but `review`.
    Review,
    /// `allow`, where its name and its direction are known well enough.
    Observed,
}

/// Why a new dependency waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Acceptance was not asked for.
    NotAsked,
    /// The address has no name.
    AddressOnly,
    /// The name is what reverse DNS says, unconfirmed: whoever owns the address writes it.
    PtrOnly,
    /// The name was an answer to somebody else's query.
    AnothersQuery,
    /// Nothing tells which end opened the connection.
    DirectionGuessed,
    /// Nothing in the inventory owns the caller.
    UnattributedCaller,
    /// Something about it looks suspicious.
    Suspicious(String),
    /// An entry of the same service denies one of its addresses.
    DeniedAddress(String),
    /// The entry that spoke for it has expired.
    CoverExpired(String),
}

/// Why a dependency of the map has no place in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It was only ever refused: an attempt, not a connection.
    OnlyRefused,
    /// It leads to another service of ours: a backend of the mesh's own.
    Internal,
    /// DNS, NTP, instance metadata.
    Infrastructure,
    /// A transport that no ledger entry can name.
    Transport,
    /// Its destination is neither a name, an address nor a label.
    Destination,
}

impl Held {
    /// The reason in words, as it is written into the ledger.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Held::NotAsked => "review: new in the map".to_owned(),
            Held::AddressOnly => "review: known by address only".to_owned(),
            Held::PtrOnly => "review: named by reverse DNS alone".to_owned(),
            Held::AnothersQuery => "review: the name was resolved by another source".to_owned(),
            Held::DirectionGuessed => "review: who opened it is a guess".to_owned(),
            Held::UnattributedCaller => "review: nothing in the inventory owns the caller".to_owned(),
            Held::Suspicious(why) => format!("review: {why}"),
            Held::DeniedAddress(entry) => format!("review: the entry {entry} denies one of its addresses"),
            Held::CoverExpired(entry) => format!("review: the entry {entry} that covered it has expired"),
        }
    }
}

/// Whether a dependency can stand in a ledger at all.
pub(super) fn left_out(key: &Key, dependency: &Dependency) -> Option<LeftOut> {
    match dependency.class {
        Class::Internal => return Some(LeftOut::Internal),
        Class::Infrastructure => return Some(LeftOut::Infrastructure),
        Class::External | Class::Aws | Class::Private => {}
    }
    if dependency.only_refused(key.protocol) {
        return Some(LeftOut::OnlyRefused);
    }
    match key.protocol {
        Protocol::Tcp | Protocol::Udp if key.port > 0 => None,
        Protocol::Icmp if key.port == 0 => None,
        _ => Some(LeftOut::Transport),
    }
}

/// Why the evidence alone does not suffice for `allow`, if it does not.
pub(super) fn held(
    key: &Key,
    dependency: &Dependency,
    suspicions: &Suspicions<'_>,
    acceptance: Acceptance,
) -> Option<Held> {
    let by_asking = (acceptance == Acceptance::Review).then_some(Held::NotAsked);
    against(key, dependency, suspicions).or(by_asking)
}

/// What speaks against `allow` unless a person says so, the first reason that holds. A new kind of doubt is one more reason
/// here, and one more word for it in [`Held`].
fn against(key: &Key, dependency: &Dependency, suspicions: &Suspicions<'_>) -> Option<Held> {
    let by_name = match dependency.name.grade() {
        Grade::Authority | Grade::Sni | Grade::Dns | Grade::Aws | Grade::Fcrdns => None,
        Grade::DnsVpc => Some(Held::AnothersQuery),
        Grade::Ptr => Some(Held::PtrOnly),
        Grade::Address => Some(Held::AddressOnly),
    };
    let by_direction = (dependency.initiator == Certainty::Guess).then_some(Held::DirectionGuessed);
    let by_caller = key.service.is_unattributed().then_some(Held::UnattributedCaller);
    let by_suspicion = || suspicious(&suspicions.about(key, dependency));
    by_caller.or_else(by_suspicion).or(by_name).or(by_direction)
}

/// The factors and what speaks for the first of them; that there is no name alone has words of its own.
fn suspicious(all: &[Suspicion]) -> Option<Held> {
    let first = all.first()?;
    if let [
        Suspicion {
            factor: Factor::AddressWithoutName,
            ..
        },
    ] = all
    {
        return None;
    }
    let factors: Vec<_> = all.iter().map(|it| it.factor.as_str()).collect();
    Some(Held::Suspicious(format!("{}: {}", factors.join(", "), first.evidence)))
}
