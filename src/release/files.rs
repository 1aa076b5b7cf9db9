//! Whether the files that a step attests are those that are published.

use std::rc::Rc;

use super::bytes::{self, FileRef};
use super::coverage::{Attested, Coverage, Subjects, Unit, fixed};
use super::digests;
use super::doer::Picked;
use super::facts::{Attest, FlowFacts};
use super::filenames::{holds_checksums, may_be_published, without_side_files};
use super::glob::{self, CELLS, Pattern};
use super::rewritten::Point;
use super::tool::{UNLISTED, no_list, of_another_tool, unattested};
use crate::catalogue::Bytes;
use crate::model::{Flow, Kind};

/// Why provenance of a list of digests is none of the files in it.
pub(super) const CHECKSUMS_ALONE: &str = "its only subject is the checksums file itself";

/// What the subjects of an attesting step come to for a unit of files.
pub(super) fn covered(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> Coverage {
    let Subjects { files, checksums, .. } = attest.subjects();
    let related = attest.job == unit.publish.job
        || unit.builds.contains(&attest.job)
        || unit.files.iter().any(|f| flow.jobs.get(attest.job).is_some_and(|j| j.key == f.job))
        || stored_by_publisher(flow, facts, attest, unit);
    let question = Question { flow, facts, attest, unit, related };
    if unit.publish.bytes == Bytes::Built && unit.files.is_empty() && !question.of_what_it_builds() {
        let why = "what it attests is there before the step that publishes builds what goes out";
        return if related { Coverage::Wrong(why.to_owned()) } else { Coverage::No };
    }
    if !checksums.is_empty() {
        question.of_list(checksums)
    } else if unit.files.is_empty() {
        question.of_unnamed(files)
    } else {
        let attested = Attested::of(flow, facts, attest);
        Named { question: &question, attested }.answer(&attest.subjects().named)
    }
}

/// Whether an attesting step covers a unit.
struct Question<'a, 'f> {
    flow: &'a Flow,
    facts: &'a FlowFacts<'f>,
    attest: &'a Attest<'a>,
    unit: &'a Unit<'a, 'a>,
    /// Whether the job that attests has to do with what is published.
    related: bool,
}

impl Question<'_, '_> {
    /// Whether the subjects can be what the publishing step builds: they are read in its job behind it, or where that job
    /// hands them on. A build tool that finds its packages done does not build them again.
    fn of_what_it_builds(&self) -> bool {
        let Self { flow, facts, attest, unit, .. } = *self;
        let key = |at: usize| flow.jobs.get(at).map(|job| job.key.as_str());
        let same = key(attest.job) == key(unit.publish.job);
        // What attests the files of its own command runs the step that publishes.
        let wraps = attest.doer.step().includes(unit.publish.doer.step());
        let keeps = unit.kind == Kind::Maven && !unit.publish.says("clean");
        same && (attest.step >= unit.publish.step || wraps || keeps) || stored_by_publisher(flow, facts, attest, unit)
    }

    /// Whether nothing is published that the attesting job cannot have.
    fn within_reach(&self) -> bool {
        bytes::out_of_reach(self.flow, self.facts, self.attest.job, self.unit.files).is_none()
    }

    /// The subjects are what checksums files list.
    fn of_list(&self, checksums: &[Picked]) -> Coverage {
        let Self { flow, facts, attest, unit, related } = *self;
        if let Some(pattern) = checksums.iter().find(|c| c.value.literal().is_some_and(|v| v.contains('*'))) {
            return Coverage::Wrong(format!("it takes one checksums file, and `{}` is a pattern", pattern.value));
        }
        // A release tool's checksums file lists its archives and packages; what it makes for a store or a registry of
        // packages is made again, and lists of image digests name no files.
        let elsewhere = matches!(unit.kind, Kind::Snap | Kind::Npm) && unit.publish.bytes == Bytes::Built
            || unit.kind == Kind::Maven && !unit.publish.files.is_empty();
        if elsewhere {
            return Coverage::No;
        }
        let images = checksums.iter().all(|c| c.value.as_str().to_ascii_lowercase().contains("digest"));
        let point = Point { job: attest.job, step: attest.step };
        let read = |c: &Picked| digests::checksums(flow, facts, &point, c.value.as_str(), unit);
        // What takes digests of files says more than the name of the list.
        match checksums.iter().find_map(read) {
            Some(shown) if !images || !matches!(shown, Coverage::No | Coverage::Unread(_)) => return shown,
            _ if images => return Coverage::No,
            _ => {}
        }
        let in_checkout = |c: &&Picked| unit.checkout.exists(&glob::normal(c.value.as_str()));
        if let Some(committed) = checksums.iter().find(in_checkout) {
            return Coverage::Wrong(format!(
                "its checksums file `{}` is one of the checkout, and nothing here writes it",
                committed.value
            ));
        }
        if !related {
            return Coverage::No;
        }
        if of_another_tool(facts, attest, unit) {
            return Coverage::Unread("nothing shows that one release tool lists what the other publishes".to_owned());
        }
        if let Some(why) = no_list(flow, facts, attest, unit, checksums) {
            return Coverage::Wrong(why);
        }
        if let Some((file, list)) = listed_elsewhere(flow, facts, attest, unit, checksums) {
            return Coverage::Unread(format!("nothing shows that `{list}` lists `{file}`, which lies elsewhere"));
        }
        // It lists what its job has.
        match self.within_reach() {
            true => Coverage::Yes("its subjects are what the checksums file lists".to_owned()),
            false => Coverage::No,
        }
    }

    /// The step that publishes names no files: it builds them, or takes those of its job.
    fn of_unnamed(&self, files: &[Picked]) -> Coverage {
        let Self { flow, facts, attest, unit, related } = *self;
        let handed_over = unit.publish.bytes == Bytes::Given && attest.job != unit.publish.job;
        if handed_over && let Some(why) = packed_later(flow, facts, attest, files) {
            return Coverage::Wrong(why);
        }
        if let Some(answer) = self.of_packages() {
            return answer;
        }
        if let Some(ending) = unattested(facts, attest, unit).filter(|_| !checksum_file(files)) {
            return Coverage::Wrong(format!("its subject leaves out the `.{ending}` files that are published as well"));
        }
        // Files that another job attests have to come to the job that publishes them as they are.
        if related && handed_over && !bytes::artifact_feeders(flow, facts, unit.publish.job, None).contains(&attest.job)
        {
            return Coverage::Unread(
                "nothing shows that the files of the job that attests are those that are published".to_owned(),
            );
        }
        if related && !checksum_file(files) && !files.iter().any(|f| may_be_published(unit.kind, f.value.as_str())) {
            return Coverage::Unread(
                "nothing shows that the files that are attested are those that it publishes".to_owned(),
            );
        }
        // The step builds what it publishes, and names no files: what the job attests there is meant.
        match (related, checksum_file(files)) {
            (true, false) => Coverage::Yes("its subjects are files of the job that builds and publishes".to_owned()),
            (true, true) => Coverage::Wrong(CHECKSUMS_ALONE.to_owned()),
            (false, _) => Coverage::No,
        }
    }

    /// What the subjects say of packages that a build tool publishes by itself, where that decides.
    fn of_packages(&self) -> Option<Coverage> {
        let unit = self.unit;
        // A build tool that publishes to a Maven repository makes packages of these kinds, and no other archives.
        let package = |f: &Picked| {
            let file = f.value.as_str().rsplit('/').next().unwrap_or_default();
            let open = file.ends_with('*') || !file.contains('.') || f.value.as_str().contains("${{");
            open && !committed(unit.checkout, f.value.as_str())
                || [".jar", ".aar", ".war", ".klib", ".pom"].iter().any(|ending| file.contains(ending))
        };
        let named = &self.attest.subjects().named;
        if unit.kind == Kind::Maven && !named.iter().any(package) {
            return Some(Coverage::No);
        }
        let packages: Vec<&Picked> = named.iter().filter(|f| package(f)).collect();
        let (Kind::Maven | Kind::Other, [only]) = (unit.kind, packages.as_slice()) else { return None };
        let several = self.related && named.iter().all(is_one_file) && has_modules(unit.checkout);
        several.then(|| {
            Coverage::Unread(format!(
                "the build publishes several modules, and nothing shows that `{}` is more than one of their files",
                only.value
            ))
        })
    }
}

/// The same, where the published files have names.
struct Named<'a, 'f> {
    question: &'a Question<'a, 'f>,
    attested: Rc<Attested>,
}

impl Named<'_, '_> {
    fn answer(&self, files: &[Picked]) -> Coverage {
        let Question { attest, unit, related, .. } = *self.question;
        if unit.files.iter().all(|f| self.holds(f)) {
            return Coverage::Yes(format!(
                "its subjects contain `{}`",
                unit.files.first().map_or("", |f| f.pattern.as_str())
            ));
        }
        // Published names that nothing resolves, attested in the job that publishes them.
        let unnamed = unit.publish.files.iter().all(|f| f.value.symbol().is_some());
        if attest.job == unit.publish.job && unnamed && !checksum_file(files) {
            // One file that is named may be another than those.
            return match files.iter().all(is_one_file) {
                true => {
                    Coverage::Unread("what is attested may be another file than those that are published".to_owned())
                }
                false => Coverage::Yes("its subjects are files of the job that publishes".to_owned()),
            };
        }
        if unit.files.iter().any(|f| self.meets(f)) {
            let subject = files.first().map_or(String::new(), |f| f.value.to_string());
            let shown = subject.lines().next().unwrap_or_default();
            return Coverage::Wrong(format!(
                "its subject `{shown}` does not contain everything that is published as `{}`",
                unit.files.iter().find(|f| !self.holds(f)).map_or("", |f| f.pattern.as_str())
            ));
        }
        if related && checksum_file(files) && self.question.within_reach() {
            return Coverage::Wrong(CHECKSUMS_ALONE.to_owned());
        }
        // A subject that nothing resolves, in a job that builds these bytes, is taken at its word.
        let opaque = files.iter().all(|f| f.value.symbol().is_some());
        if related && opaque && self.question.within_reach() {
            return Coverage::Yes("its subjects come from a value that the building job computes".to_owned());
        }
        Coverage::No
    }

    /// Whether the subjects hold a published file, whole and by whatever name it had when it was attested.
    fn holds(&self, f: &FileRef) -> bool {
        // An index of Python packages takes nothing but wheels and source archives.
        let packages = || {
            let each =
                |ending: &&str| self.holds_moved(&FileRef { pattern: format!("{}{ending}", f.pattern), ..f.clone() });
            self.question.unit.kind == Kind::Pypi
                && f.pattern.rsplit('/').next() == Some("*")
                && [".whl", ".tar.gz"].iter().all(each)
        };
        self.holds_moved(f) || packages()
    }

    fn holds_moved(&self, f: &FileRef) -> bool {
        let Question { flow, facts, attest, .. } = *self.question;
        // What its job puts elsewhere after it has attested it keeps its digest.
        let point = Point { job: attest.job, step: attest.step };
        self.contains(f) || digests::moved_from(flow, facts, &point, f).iter().any(|f| self.contains(f))
    }

    fn contains(&self, f: &FileRef) -> bool {
        let Attested { files: subjects, left_out, length, holds, .. } = &*self.attested;
        if let Some(known) = holds.borrow().get(f) {
            return *known;
        }
        let all = Pattern::new(&f.pattern);
        let whole = Some(without_side_files(&f.pattern)).filter(|whole| *whole != f.pattern).map(Pattern::new);
        let has = |pattern: &Pattern| pattern.contains(&all) || whole.as_ref().is_some_and(|w| pattern.contains(w));
        let compared = subjects.len() + left_out.len() + length * f.pattern.len() / CELLS;
        // Nothing is shown about what is not compared.
        if !self.question.facts.count.comparisons(compared) {
            return false;
        }
        let held = !left_out.iter().any(|s| s.job == f.job && s.pattern.overlaps(&all))
            && subjects.iter().any(|s| s.job == f.job && (has(&s.pattern) || s.inside.as_ref().is_some_and(has)));
        holds.borrow_mut().insert(f.clone(), held);
        held
    }

    /// Whether a subject may be one of the files.
    fn meets(&self, f: &FileRef) -> bool {
        let Attested { files: subjects, length, meets, .. } = &*self.attested;
        if let Some(known) = meets.borrow().get(f) {
            return *known;
        }
        let all = Pattern::new(&f.pattern);
        if !self.question.facts.count.comparisons(subjects.len() + length * f.pattern.len() / CELLS) {
            return false;
        }
        let met = subjects.iter().any(|s| s.job == f.job && s.pattern.overlaps(&all));
        meets.borrow_mut().insert(f.clone(), met);
        met
    }
}

/// Whether a subject is one file that is named, whatever of the name is known.
fn is_one_file(file: &Picked) -> bool {
    let value = file.value.as_str();
    file.value.symbol().is_none() && !fixed(value).contains(['*', '?', '{']) && !value.ends_with('/')
}

/// Whether a job that only fetches names what the job of a release tool stored after it had published: nothing works on
/// the files in between.
fn stored_by_publisher(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, unit: &Unit<'_, '_>) -> bool {
    let publish = unit.publish;
    let Some((job, own)) = flow.jobs.get(publish.job).zip(facts.get(publish.job)) else { return false };
    let Some(last) = own.stores.iter().map(|s| s.step).max() else { return false };
    let Subjects { named, checksums, .. } = attest.subjects();
    let named = if checksums.is_empty() { named } else { checksums };
    publish.bytes == Bytes::Built
        && unit.files.is_empty()
        && own.stores.iter().all(|s| s.step > publish.step)
        && !own.working.iter().any(|at| (publish.step + 1..last).contains(at))
        && facts.get(attest.job).is_some_and(|f| !f.builds())
        && !named.is_empty()
        && named.iter().all(|file| {
            let origin = bytes::origin(flow, facts, attest.job, attest.step, file.value.as_str());
            let alone = origin.through.iter().all(|at| *at == publish.job) && !origin.through.is_empty();
            alone && origin.foreign.is_none() && origin.files.iter().all(|f| f.job == job.key)
        })
}

/// A published file of the attesting job that lies outside the folders of its checksums files, and one of those: what
/// the tool that writes them makes lies beside them.
fn listed_elsewhere(
    flow: &Flow,
    facts: &FlowFacts<'_>,
    attest: &Attest<'_>,
    unit: &Unit<'_, '_>,
    checksums: &[Picked],
) -> Option<(String, String)> {
    // A release tool that uploads what its configuration names lists that as well.
    if unit.publish.words().first().is_some_and(|p| p.as_str().contains(':')) && !unit.publish.says(UNLISTED) {
        return None;
    }
    let key = &flow.jobs.get(attest.job)?.key;
    let lists: Vec<String> = checksums.iter().map(|c| glob::normal(c.value.as_str())).collect();
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let beside = |p: &str| lists.iter().any(|list| digests::is_somewhere(list) || p.starts_with(folder(list).as_str()));
    // What another job made and a release tool takes along is in no list of the tool either.
    if unit.publish.says(UNLISTED) && !lists.iter().any(|list| digests::is_somewhere(list)) {
        let named = unit.publish.files.iter().flat_map(|f| f.value.items(&[','])).map(|f| glob::normal(f.as_str()));
        if let Some(file) = named.into_iter().find(|f| !beside(f)) {
            return Some((file, lists.first()?.clone()));
        }
    }
    let here = |f: &FileRef| f.job != *key || digests::was_in(flow, facts, attest.job, f, &beside);
    let file = unit.files.iter().find(|f| !here(f))?;
    Some((file.pattern.clone(), lists.first()?.clone()))
}

/// Why what a job attests is not what it hands on: none of the artifacts that it stores holds an attested file, as where
/// the file goes into an archive first.
fn packed_later(flow: &Flow, facts: &FlowFacts<'_>, attest: &Attest<'_>, files: &[Picked]) -> Option<String> {
    let stores = &facts.get(attest.job)?.stores;
    let subjects: Vec<String> =
        files.iter().flat_map(|f| f.value.items(&[','])).map(|s| glob::normal(s.as_str())).collect();
    let stored: Vec<String> = stores.iter().flat_map(|s| &s.paths).map(|p| glob::normal(p.as_str())).collect();
    if subjects.is_empty() || stored.is_empty() {
        return None;
    }
    let handed_on = |subject: &String| {
        stored.iter().any(|s| glob::overlaps(s, subject) || glob::overlaps(&format!("{s}/**"), subject))
    };
    if subjects.iter().any(handed_on) {
        return None;
    }
    let title = flow.jobs.get(attest.job).map_or_else(String::new, |j| j.title());
    let shown = files.first().map_or(String::new(), |f| f.value.to_string());
    let shown = shown.lines().next().unwrap_or_default();
    Some(format!("the job {title} attests `{shown}` and hands on other files, into which it is packed"))
}

/// Whether a pattern names what lies in a folder of the checkout, which is no folder of outputs.
fn committed(checkout: &crate::checkout::Checkout, pattern: &str) -> bool {
    let pattern = glob::normal(pattern);
    let known = pattern.find(['*', '?', '{', '$']).map_or(pattern.as_str(), |at| pattern.get(..at).unwrap_or_default());
    known.rsplit_once('/').is_some_and(|(folder, _)| !folder.is_empty() && checkout.under(folder).next().is_some())
}

/// Whether the build of the checkout has modules of its own, each of which may publish packages.
fn has_modules(checkout: &crate::checkout::Checkout) -> bool {
    let says = |file: &str, word: &str| checkout.read(file).is_ok_and(|text| text.contains(word));
    says("settings.gradle", "include") || says("settings.gradle.kts", "include") || says("pom.xml", "<module>")
}

fn checksum_file(files: &[Picked]) -> bool {
    !files.is_empty() && files.iter().flat_map(|f| f.value.items(&[','])).all(|f| holds_checksums(f.as_str()))
}
