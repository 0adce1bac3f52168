//! The shop of `examples/shop`: a payment service that needs a ledger and a credit bureau and nothing else, and a media
//! service with more destinations than it should have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::clock::DAY;
use crate::party::{Party, Protocol};
use crate::scenario::Scenario;
use crate::scene::{Actor, Manner, Scene};

mod habits;
mod people;

pub(crate) use habits::ranges;
use habits::{HABITS, Habit, Target};
use people::{LEDGER_DB, MEDIA, STOREFRONT};

/// The logs hold five minutes of every day, from half past nine in the morning.
const OPENS: u64 = 9 * 3_600 + 30 * 60;
const OPEN_FOR: u64 = 300;

/// The hosts that habits name, and everybody, for a month.
pub(crate) fn play(scenario: Scenario, seed: u64) -> Scene {
    let services = people::services(&scenario);
    let (start, days) = (scenario.start, scenario.days);
    let mut scene = Scene::new(scenario, seed, "shop", services);
    for day in 0..days {
        let opens = start + day * DAY + OPENS;
        for habit in HABITS.iter().filter(|habit| day >= habit.since) {
            if day == habit.since || scene.rng.chance(habit.percent) {
                follow(&mut scene, habit, opens);
            }
        }
        transcoding_by_ipv6(&mut scene, opens, day);
        visitors(&mut scene, opens, day);
    }
    proxies_start(&mut scene, start);
    scene
}

/// One service does one of the things that it does.
fn follow(scene: &mut Scene, habit: &Habit, opens: u64) {
    let lasts = habit.lasts;
    let at = opens + scene.rng.below(OPEN_FOR - 10 - lasts);
    let Some(actor) = scene.actor(habit.service, at, at + lasts) else {
        return;
    };
    let (out, back) = (
        habit.out / 2 + scene.rng.below(habit.out),
        habit.back / 2 + scene.rng.below(habit.back),
    );
    let manner = Manner::plain(lasts, out, back);
    match habit.target {
        Target::Service(callee) => scene.call_service(&actor, callee, at, &manner),
        Target::Host(host) => scene.call(&actor, &host(), at, &manner),
        Target::Clock(last) => {
            let clock = IpAddr::V4(Ipv4Addr::new(198, 51, 100, last));
            scene.pass(&actor, Party::foreign(clock), 123, Protocol::Udp, at);
        }
        Target::Refused(last, port) => {
            let wanted = IpAddr::V4(Ipv4Addr::new(198, 51, 100, last));
            scene.refused_leaving(&actor, Party::foreign(wanted), port, at);
        }
    }
}

/// In the first days the dual-stack media tasks call each IPv6 address of the transcoding API.
fn transcoding_by_ipv6(scene: &mut Scene, opens: u64, day: u64) {
    let host = habits::transcoding();
    let turn = usize::try_from(day).unwrap_or(usize::MAX);
    let v6: Vec<IpAddr> = host.addresses.iter().copied().filter(IpAddr::is_ipv6).collect();
    let tasks = scene
        .everyone(MEDIA)
        .into_iter()
        .filter(|(actor, _)| actor.task().v6.is_some());
    let actor = tasks.map(|(actor, _)| actor).nth(turn % 2);
    if let (Some(actor), Some(address)) = (actor, v6.get(turn / 2)) {
        scene.call_at(&actor, &host, *address, opens + 40, &Manner::plain(25, 300_000, 8_000));
    }
}

/// Customers, scanners, and what the flow log says where it has nothing to say.
fn visitors(scene: &mut Scene, opens: u64, day: u64) {
    for _ in 0..2 {
        let at = opens + scene.rng.below(200);
        let Some(actor) = scene.actor(STOREFRONT, at, at + 60) else {
            continue;
        };
        let customer = customer(scene, &actor);
        let manner = Manner::plain(scene.rng.below(60), 900, 20_000 + scene.rng.below(40_000));
        scene.inbound(&actor, customer, at, &manner);
    }
    let at = opens + scene.rng.below(200);
    let actor = if day.is_multiple_of(3) {
        scene.actor(STOREFRONT, at, at + 10)
    } else {
        None
    };
    if let Some(actor) = actor {
        let scanner = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 240 + u8::try_from(day % 10).unwrap_or(0)));
        let port = *scene.rng.pick(&[22, 23, 3389]);
        scene.scan(&actor, scanner, port, at);
    }
    let idle = scene.actor(LEDGER_DB, at, at + 60).filter(|_| day.is_multiple_of(2));
    if let Some(idle) = idle {
        scene.without_data("NODATA", &idle.task().eni, at);
    }
    let busy = scene.actor(MEDIA, at, at + 60).filter(|_| day % 14 == 9);
    if let Some(busy) = busy {
        scene.without_data("SKIPDATA", &busy.task().eni, at);
    }
}

fn customer(scene: &mut Scene, actor: &Actor) -> IpAddr {
    let number = scene.rng.below(60);
    let last = u8::try_from(number).unwrap_or(0);
    if actor.task().v6.is_some() && scene.rng.chance(20) {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xc, 0, 0, 0, 0, u16::from(last)))
    } else {
        IpAddr::V4(Ipv4Addr::new(198, 51, 100, 180 + last))
    }
}

/// Envoy says on its standard output that it starts, before the first access line.
fn proxies_start(scene: &mut Scene, start: u64) {
    for service in 0..scene.services.len() {
        let at = start + OPENS - 60;
        let actor = scene.actor(service, at, at + 10);
        if let Some(actor) = actor.filter(|actor| actor.service.proxy != crate::service::Proxy::None) {
            scene.proxy_talks(&actor, at);
        }
    }
}
