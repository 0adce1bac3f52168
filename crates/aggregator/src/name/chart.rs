//! All edges in the order of the dependencies they belong to, and each dependency as it is asked for.
//!
//! A dependency is made of its edges when it is looked at, and not kept: a million of them cost the memory of their edges.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Knowledge;
use super::answers::Answers;
use super::evidence::Evidence;
use super::far_end::{FarEnd, Known};
use super::join::Joined;
use crate::TableError;
use crate::aggregate::Kept;
use crate::identity::ServiceName;
use crate::map::{Dependency, Key, Kinds, Manifest, Protocol};
use crate::observed::Observed;
use crate::table::{Rows, write_rows};

/// How many edges are placed at a time.
const CHUNK: usize = 1 << 13;

/// What was observed, with a name for every far end.
pub struct Chart<'o> {
    observed: &'o Observed,
    knowledge: &'o Knowledge,
    evidence: Evidence<'o>,
    /// Every edge, those of one dependency side by side.
    places: Vec<Place>,
    /// Destinations that are longer than a place has room for.
    long: Vec<Box<str>>,
    /// Where each dependency begins.
    begins: Vec<u32>,
}

/// Which dependency an edge belongs to.
#[derive(Clone, Copy)]
struct Place {
    /// The first bytes of the destination, as a number of the same order.
    start: u128,
    /// The place of the service's name among all.
    service: u32,
    /// The number, from 1, of a destination that is longer.
    long: u32,
    port: u16,
    protocol: Protocol,
    /// The edge: those of the flow plane come first.
    edge: u32,
}

impl Place {
    fn cmp(&self, other: &Self, long: &[Box<str>]) -> Ordering {
        let text = |place: &Place| place.long.checked_sub(1).and_then(|at| long.get(at as usize));
        (self.service, self.start)
            .cmp(&(other.service, other.start))
            .then_with(|| match (self.long, other.long) {
                (0, 0) => Ordering::Equal,
                _ => text(self).cmp(&text(other)),
            })
            .then_with(|| (self.port, self.protocol).cmp(&(other.port, other.protocol)))
    }
}

impl<'o> Chart<'o> {
    pub(super) fn new(observed: &'o Observed, knowledge: &'o Knowledge) -> Self {
        let Observed {
            flows,
            accesses,
            services,
            ..
        } = observed;
        let mut chart = Chart {
            observed,
            knowledge,
            evidence: Evidence::of(flows, accesses, services.keys()),
            places: Vec::new(),
            long: Vec::new(),
            begins: Vec::new(),
        };
        chart.place_all();
        let long = &chart.long;
        chart
            .places
            .par_sort_unstable_by(|one, other| one.cmp(other, long).then(one.edge.cmp(&other.edge)));
        let begins = (0..chart.places.len()).filter(|&at| {
            let before = at.checked_sub(1).map(|before| &chart.places[before]);
            before.is_none_or(|before| before.cmp(&chart.places[at], long).is_ne())
        });
        chart.begins = begins.map(number).collect();
        chart
    }

    /// How many dependencies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// All dependencies.
    #[must_use]
    pub fn dependencies(&self) -> BTreeMap<Key, Dependency> {
        let known = self.known();
        let all = (0..self.len()).into_par_iter().map(|at| self.dependency(at, &known));
        all.collect::<Vec<_>>().into_iter().collect()
    }

    /// Writes the map as [`DependencyMap::write_keeping`](crate::map::DependencyMap::write_keeping) would, and returns
    /// what kinds of dependencies there are.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_parquet(&self, manifest: &Manifest, kept: Option<&Kept>, path: &Path) -> Result<Kinds, TableError> {
        let counted = Counted {
            chart: self,
            kinds: Mutex::default(),
        };
        write_rows(&counted, manifest, kept, path)?;
        Ok(counted.kinds.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finds the dependency of each edge.
    fn place_all(&mut self) {
        let services = self.services();
        let known = self.known();
        let edges = self.observed.flows.len() + self.observed.accesses.len();
        let chunks = (0..edges.div_ceil(CHUNK)).into_par_iter().map(|chunk| {
            let edges = chunk * CHUNK..((chunk + 1) * CHUNK).min(edges);
            let mut long = Vec::new();
            let mut service = 0;
            let places = edges.map(|edge| {
                let (name, ..) = self.caller(edge);
                // Edges of one service stand together.
                if services[service] != name {
                    service = services.partition_point(|other| *other < name);
                }
                self.place(edge, number(service), &known, &mut long)
            });
            (places.collect::<Vec<_>>(), long)
        });
        let chunks: Vec<_> = chunks.collect();
        let mut places = Vec::with_capacity(edges);
        let mut long = Vec::new();
        for (of_chunk, long_ones) in chunks {
            let before = number(long.len());
            places.extend(of_chunk.into_iter().map(|place: Place| Place {
                long: if place.long == 0 { 0 } else { place.long + before },
                ..place
            }));
            long.extend(long_ones);
        }
        (self.places, self.long) = (places, long);
    }

    fn place(&self, edge: usize, service: u32, known: &Known<'_>, long: &mut Vec<Box<str>>) -> Place {
        let (_, port, protocol) = self.caller(edge);
        let destination = self.far_end(edge, known).destination;
        let mut start = [0; 16];
        let fits = destination.len().min(start.len());
        start[..fits].copy_from_slice(&destination.as_bytes()[..fits]);
        let is_long = destination.len() > fits;
        if is_long {
            long.push(destination.into());
        }
        Place {
            start: u128::from_be_bytes(start),
            service,
            long: if is_long { number(long.len()) } else { 0 },
            port,
            protocol,
            edge: number(edge),
        }
    }

    /// Every service that opened anything, in order.
    fn services(&self) -> Vec<&'o ServiceName> {
        let flows = self.observed.flows.iter().map(|edge| &edge.service);
        let mut services: Vec<_> = flows.collect();
        services.dedup();
        services.extend(self.observed.accesses.iter().map(|edge| &edge.service));
        services.sort_unstable();
        services.dedup();
        services
    }

    fn known(&self) -> Known<'_> {
        Known::new(&self.evidence, Answers::new(&self.observed.answers), self.knowledge)
    }

    fn caller(&self, edge: usize) -> (&'o ServiceName, u16, Protocol) {
        let Observed { flows, accesses, .. } = self.observed;
        match flows.get(edge) {
            Some(edge) => (&edge.service, edge.port, edge.protocol),
            None => {
                let edge = &accesses[edge - flows.len()];
                (&edge.service, edge.port, Protocol::Tcp)
            }
        }
    }

    fn far_end<'k>(&self, edge: usize, known: &Known<'k>) -> FarEnd<'k> {
        let Observed { flows, accesses, .. } = self.observed;
        match flows.get(edge) {
            Some(edge) => known.flow(edge),
            None => known.access(&accesses[edge - flows.len()]),
        }
    }

    fn dependency(&self, at: usize, known: &Known<'_>) -> (Key, Dependency) {
        let Observed {
            flows,
            accesses,
            answers,
            ..
        } = self.observed;
        let end = self.begins.get(at + 1).map_or(self.places.len(), |next| *next as usize);
        let places = &self.places[self.begins[at] as usize..end];
        let (service, port, protocol) = self.caller(places[0].edge as usize);
        let mut key = Key {
            service: service.clone(),
            destination: String::new(),
            port,
            protocol,
        };
        let mut joined = Joined::default();
        for place in places {
            let edge = place.edge as usize;
            let mut far_end = self.far_end(edge, known);
            key.destination = std::mem::take(&mut far_end.destination);
            match flows.get(edge) {
                Some(edge) => joined.flow(edge, far_end),
                None => joined.access(edge - flows.len(), &accesses[edge - flows.len()], far_end),
            }
        }
        let dependency = joined.finish(&key, accesses, answers);
        (key, dependency)
    }
}

/// A chart whose dependencies are counted by kind as they are written.
struct Counted<'c, 'o> {
    chart: &'c Chart<'o>,
    kinds: Mutex<Kinds>,
}

impl Rows for Counted<'_, '_> {
    fn len(&self) -> usize {
        self.chart.len()
    }

    fn each(&self, part: Range<usize>, row: &mut dyn FnMut(&Key, &Dependency)) {
        let known = self.chart.known();
        let mut kinds = Kinds::default();
        for at in part {
            let (key, dependency) = self.chart.dependency(at, &known);
            kinds.count(&key, &dependency);
            row(&key, &dependency);
        }
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).add(&kinds);
    }
}

/// A place in memory as a small number.
fn number(at: usize) -> u32 {
    u32::try_from(at).expect("four billion edges do not fit in memory")
}
