//! Finds the keys below a prefix: folder by folder where that saves or speeds listing, never one twice.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::client::Bucket;
use super::error::{self, Asked};
use super::layout::{self, Folder, Name};
use super::list::{After, Listed, Page, page};
use super::skipped::Skipped;
use super::window::{Place, Window};
use crate::source::{Delivery, SourceError};

/// More folders than these, where the layout is not known, are not asked one by one.
const SPLIT: usize = 32;
/// Sorts behind every key of a folder that anybody would write.
const BEHIND: char = '\u{10FFFF}';

/// Sends every object below a prefix that may hold records of the window, until nobody takes them.
///
/// A folder that cannot be listed is sent as [`Delivery::Failed`] and costs no other.
///
/// # Errors
/// When the prefix itself cannot be listed.
pub(super) async fn walk(
    bucket: Arc<Bucket>,
    prefix: String,
    keys: Sender<Listed>,
    found: Sender<Delivery>,
) -> Result<(), SourceError> {
    let window = Window::new(bucket.wanted.since, bucket.wanted.until);
    let parallel = bucket.options.listings.max(1);
    let walk = Arc::new(Walk {
        bucket,
        window,
        keys,
        skipped: Mutex::default(),
    });
    let mut waiting = vec![Step::by_folder(prefix.clone())];
    let mut running = JoinSet::new();
    let mut ended = Ok(());
    loop {
        while running.len() < parallel
            && let Some(step) = waiting.pop()
        {
            let walk = Arc::clone(&walk);
            running.spawn(async move { walk.step(step).await });
        }
        match running.join_next().await {
            None => break,
            Some(Ok(Ok(steps))) => waiting.extend(steps),
            Some(Ok(Err(failed))) if failed.prefix == prefix => ended = Err(failed.error),
            // Nobody takes deliveries any more: then nobody needs to know.
            Some(Ok(Err(failed))) => drop(found.send(Delivery::Failed(failed.error)).await),
            Some(Err(lost)) => ended = Err(error::lost(&walk.bucket.name, &lost)),
        }
    }
    let skipped = std::mem::take(&mut *walk.skipped.lock().unwrap_or_else(PoisonError::into_inner));
    for note in skipped.notes(&walk.bucket.uri(&prefix)) {
        let _ = found.send(Delivery::Note(note)).await;
    }
    ended
}

/// A page to ask for.
struct Step {
    prefix: String,
    how: How,
    after: After,
    /// A folder that others walk.
    but: Option<String>,
    /// Folders that earlier pages showed.
    folders: usize,
    /// The last key or folder that earlier pages showed.
    last: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Objects, and folders to decide about.
    ByFolder,
    /// All the way down; by folder instead, if that is more than a page and has folders.
    MaybeFlat,
    /// All the way down.
    Flat,
}

impl Step {
    fn new(prefix: String, how: How) -> Self {
        Self {
            prefix,
            how,
            after: After::Nothing,
            but: None,
            folders: 0,
            last: None,
        }
    }

    fn by_folder(prefix: String) -> Self {
        Self::new(prefix, How::ByFolder)
    }

    /// All the way down, behind the folder or key that was last dealt with.
    fn flat_behind(prefix: String, last: Option<String>) -> Self {
        let mut step = Self::new(prefix, How::Flat);
        match last {
            None => {}
            Some(folder) if folder.ends_with('/') => {
                step.after = After::Key(format!("{folder}{BEHIND}"));
                step.but = Some(folder);
            }
            Some(key) => step.after = After::Key(key),
        }
        step
    }
}

/// A prefix that could not be listed, or not to its end.
struct Failed {
    prefix: String,
    error: SourceError,
}

struct Walk {
    bucket: Arc<Bucket>,
    window: Window,
    keys: Sender<Listed>,
    skipped: Mutex<Skipped>,
}

impl Walk {
    /// Asks for one page; what is to be asked next.
    async fn step(&self, step: Step) -> Result<Vec<Step>, Failed> {
        let answer = page(&self.bucket, &step.prefix, step.how == How::ByFolder, &step.after).await;
        let page = match answer {
            Ok(page) => page,
            Err(refused) => {
                let error = error::explain(Asked::List(&step.prefix), &self.bucket, &refused);
                let prefix = step.prefix;
                return Err(Failed { prefix, error });
            }
        };
        let endless = match (&page.more, &step.after) {
            (Some(Some(token)), After::Token(before)) => token == before,
            (Some(None), _) => true,
            _ => false,
        };
        if endless {
            let error = error::endless_listing(&self.bucket, &step.prefix);
            let prefix = step.prefix;
            return Err(Failed { prefix, error });
        }
        let next = match step.how {
            How::ByFolder => self.folders(step, page).await,
            How::MaybeFlat if page.more.is_some() && has_folders(&page, &step.prefix) => {
                Some(vec![Step::by_folder(step.prefix)])
            }
            How::MaybeFlat | How::Flat => self.flat(step, page).await,
        };
        Ok(next.unwrap_or_default())
    }

    /// A page of a folder; `None` if nobody takes keys any more.
    async fn folders(&self, step: Step, page: Page) -> Option<Vec<Step>> {
        let here = layout::folder(layout::parent(&step.prefix));
        let unknown = matches!(here, Folder::Unknown | Folder::Foreign(_));
        let folders = step.folders + page.folders.len();
        if unknown && folders > SPLIT {
            return Some(vec![Step::flat_behind(step.prefix, step.last)]);
        }
        let dated = matches!(&here, Folder::Dated(date) if date.len() >= 8);
        let last_key = page.objects.iter().flatten().last().map(|entry| entry.key.clone());
        let last = last_key.max(page.folders.iter().flatten().last().cloned());
        for object in page.objects {
            match &object {
                Ok(entry) if dated && !self.is_wanted(&entry.key) => self.skip(|skipped| skipped.objects += 1),
                _ => self.keys.send(object).await.ok()?,
            }
        }
        let mut next = Vec::new();
        if let Some(Some(token)) = page.more {
            let jump = last.as_deref().filter(|_| dated).and_then(|last| self.jump(last));
            next.push(Step {
                after: jump.map_or(After::Token(token), After::Key),
                folders,
                last,
                ..step
            });
        }
        for folder in page.folders {
            match folder {
                Ok(folder) => next.extend(self.enter(folder, unknown)),
                Err(text) => self.keys.send(Err(text)).await.ok()?,
            }
        }
        Some(next)
    }

    /// How a folder is walked, if it is at all.
    fn enter(&self, folder: String, below_unknown: bool) -> Option<Step> {
        let how = match layout::folder(&folder) {
            Folder::Foreign(service) if !below_unknown => {
                self.skip(|skipped| skipped.foreign(service, self.bucket.uri(&folder)));
                return None;
            }
            Folder::Dated(date) if !self.window.holds_folder(&date) => {
                self.skip(|skipped| skipped.folders += 1);
                return None;
            }
            Folder::Branch => How::ByFolder,
            Folder::Dated(_) if self.window.is_bounded() => How::ByFolder,
            Folder::Dated(_) | Folder::Foreign(_) | Folder::Unknown => How::MaybeFlat,
        };
        Some(Step::new(folder, how))
    }

    /// Whether the object of a dated folder may hold records of the window; one with a name of its own may.
    fn is_wanted(&self, key: &str) -> bool {
        Name::of(key).is_none_or(|name| self.window.place(&name.time()) == Place::Within)
    }

    /// Behind which key to go on, if those behind the last one are not wanted for a while.
    fn jump(&self, last: &str) -> Option<String> {
        let name = Name::of(last)?;
        match self.window.place(&name.time()) {
            Place::Within => None,
            Place::Before => Some(format!("{}{}", name.series, self.window.first()?)),
            // A colon sorts behind the digits: the rest of the day of this flow log.
            Place::Behind => Some(format!("{}{}T:", name.series, name.day)),
        }
    }

    /// A page of all that is below a prefix, but for deliveries of AWS, which are walked by folder.
    async fn flat(&self, step: Step, page: Page) -> Option<Vec<Step>> {
        let mut next = Vec::new();
        let mut but = step.but.clone();
        for object in page.objects {
            if let Ok(entry) = &object {
                if but.as_deref().is_some_and(|folder| entry.key.starts_with(folder)) {
                    continue;
                }
                but = layout::root(&entry.key, &step.prefix).map(str::to_owned);
                if let Some(root) = &but {
                    next.push(Step::by_folder(root.clone()));
                    continue;
                }
            }
            self.keys.send(object).await.ok()?;
        }
        match page.more {
            Some(_) if but.is_some() && but != step.but => next.push(Step::flat_behind(step.prefix, but)),
            Some(Some(token)) => next.push(Step {
                after: After::Token(token),
                how: How::Flat,
                but,
                ..step
            }),
            _ => {}
        }
        Some(next)
    }

    fn skip(&self, what: impl FnOnce(&mut Skipped)) {
        what(&mut self.skipped.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn has_folders(page: &Page, prefix: &str) -> bool {
    let deeper = |key: &str| key.get(prefix.len()..).is_some_and(|rest| rest.contains('/'));
    page.objects.iter().flatten().any(|entry| deeper(&entry.key))
}
