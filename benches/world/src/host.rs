//! Destinations on the internet: a host name, its addresses, and what is spoken there.

use std::net::IpAddr;

use crate::network::AwsService;
use crate::party::{Speaks, Text};

/// A destination that is not ours.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// What a client calls it; `None` where clients dial the address.
    pub(crate) name: Option<Text>,
    /// What a client writes as authority although it is no host name; `None` for the address itself.
    pub(crate) asked_as: Option<Text>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) port: u16,
    pub(crate) speaks: Speaks,
    /// The AWS service whose published range holds its addresses.
    pub(crate) aws: Option<AwsService>,
    /// Whether other names live at the same addresses: then only callers whose proxy sees the name may use it.
    pub(crate) shared: bool,
}

impl Host {
    /// A named host that has its addresses to itself.
    pub(crate) fn named(name: &str, port: u16, speaks: Speaks, addresses: Vec<IpAddr>) -> Self {
        Host {
            name: Some(name.into()),
            asked_as: None,
            addresses,
            port,
            speaks,
            aws: None,
            shared: false,
        }
    }

    /// An address that clients dial as it is.
    pub(crate) fn nameless(address: IpAddr, port: u16, speaks: Speaks) -> Self {
        Host {
            name: None,
            asked_as: None,
            addresses: vec![address],
            port,
            speaks,
            aws: None,
            shared: false,
        }
    }

    /// The same host within a range of an AWS service.
    pub(crate) fn within(mut self, aws: AwsService) -> Self {
        self.aws = Some(aws);
        self
    }

    /// The same host among others at the same addresses.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}
