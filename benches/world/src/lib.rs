//! A seeded world of services, addresses and traffic, with the logs it leaves and the exact truth about them.
//!
//! A [`Scenario`] says how big the world is and what is in it, and a seed makes it: the same two give the same bytes on
//! any machine. While it makes traffic, the world writes down who opened what in a ledger of its own. That ledger, and
//! no inference from the logs, is where its [`Truth`] comes from: what the map of these logs has to say.
//! `docs/SEMANTICS.md` is the contract between the two.
//!
//! The crate reads in the order of making: people and places (`party`, `service`, `host`, `network`), what
//! happens between them (`exchange`, `scene`), the stories (`shop`, `city`), what is logged of it (`flow`,
//! `envoy`, `queries`, `recorder`), what is true (`ledger`, `truth`), and how it is written to disk (`objects`, `write`).
//! `bulk` and `roles` stand apart: the one streams version-2 records as fast as it can, the other makes small worlds whose
//! logs may mislead.

mod bulk;
mod city;
mod clock;
mod envoy;
mod exchange;
mod flow;
mod host;
mod inventory;
mod ledger;
mod network;
mod noise;
mod objects;
mod party;
mod prng;
mod queries;
mod recorder;
mod roles;
mod scenario;
mod scene;
mod service;
mod shop;
mod truth;
mod world;
mod write;

pub use bulk::{Bulk, BulkTruth, Inbound};
pub use ledger::Ambiguity;
pub use objects::LogObject;
pub use roles::{Roles, roles, roles_inventory};
pub use scenario::{FlowVersion, NatRecords, Noise, Scenario, Story};
pub use truth::{Dependency, Input, Name, Records, Truth, Used};
pub use world::World;
pub use write::{Container, Layout};
