//! fastlane: what its lanes upload, their file says.
//!
//! A lane is followed into the lanes and methods that it calls; each action that hands an app out becomes an implied
//! command (`fastlane:upload --name APP --file APP.ipa`). Source: <https://docs.fastlane.tools/advanced/lanes/>

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::{Call, Entered, Implied};
use crate::model::{Bound, Text, Unread};
use crate::syntax::conf::Lines;

/// Where the file of the lanes lies.
const FILES: &[&str] = &["fastlane/Fastfile", ".fastlane/Fastfile", "Fastfile"];
/// Actions that hand an app out, and where to.
const UPLOADS: &[(&str, &str)] = &[
    ("upload_to_play_store", "play-store"),
    ("supply", "play-store"),
    ("upload_to_play_store_internal_app_sharing", "play-store"),
    ("upload_to_app_store", "app-store"),
    ("deliver", "app-store"),
    ("appstore", "app-store"),
    ("upload_to_testflight", "app-store"),
    ("pilot", "app-store"),
    ("testflight", "app-store"),
    ("firebase_app_distribution", "firebase"),
    ("appcenter_upload", "app-center"),
];
/// Lanes and methods looked at in one file.
const MOST: usize = 400;
/// Uploads that one command stands for.
const MOST_UPLOADS: usize = 100;
/// Most lines of one lane.
const LONGEST_LANE: usize = 1_000;
/// Most lines of one call.
const LONGEST: usize = 60;

/// A line that opens a lane, a method or a platform, and one that calls something.
static LINES: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
    Some([
        Regex::new(r"^(\s*)(?:(?:private_|override_)?lane\s*\(?\s*:|def\s+|(platform)\s*\(?\s*:)(\w+)").ok()?,
        Regex::new(r"^\s*(?:\w+\s*=\s*)?(\w+)\b").ok()?,
    ])
});

struct Lane<'a> {
    platform: Option<&'a str>,
    name: &'a str,
    /// The lines of its body, counted from 0.
    from: usize,
    to: usize,
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.program != "fastlane" {
        return None;
    }
    let mut bare = call.arguments().iter().map(Text::as_str).filter(|w| !w.starts_with('-') && !w.contains(':'));
    let (first, second) = (bare.next()?, bare.next());
    let path = FILES.iter().map(|f| call.path(f)).find(|p| call.checkout.is_there(p))?;
    let text = match call.checkout.read(&path) {
        Ok(text) => text,
        Err(error) => {
            let unread = Some(Unread::Refused(format!("{path}: {error}")));
            return Some(Entered { what: format!("fastlane {first}"), unread, ..Entered::default() });
        }
    };
    let lines: Vec<&str> = text.lines().collect();
    let lanes = lanes(&lines);
    let names: BTreeSet<&str> = lanes.iter().map(|l| l.name).collect();
    let of = |name: &str, platform: Option<&str>| {
        let named = || lanes.iter().filter(|l| l.name == name);
        named().find(|l| l.platform == platform).or_else(|| named().next())
    };
    let lane = second.and_then(|lane| of(lane, Some(first))).or_else(|| of(first, None))?;
    let mut entered = Entered { what: format!("fastlane {}", lane.name), ..Entered::default() };
    let own: Arc<str> = Arc::from(path.as_str());
    let places = Lines::new(&own, &text);
    if lanes.len() > MOST {
        entered.unread = Some(Bound::Followed(MOST, "lanes").into());
    }
    let mut open = vec![lane];
    let mut seen: Vec<usize> = Vec::new();
    while let Some(lane) = open.pop() {
        if seen.contains(&lane.from) {
            continue;
        }
        seen.push(lane.from);
        if lane.to - lane.from >= LONGEST_LANE {
            entered.unread = Some(Bound::Lane(LONGEST_LANE).into());
        }
        for at in lane.from..lane.to {
            let Some(line) = lines.get(at).filter(|l| !l.trim_start().starts_with('#')) else { continue };
            let Some(called) = LINES.as_ref().and_then(|[_, calls]| calls.captures(line)?.get(1)) else { continue };
            if let Some((action, store)) = UPLOADS.iter().find(|(action, _)| *action == called.as_str()) {
                if entered.implied.len() >= MOST_UPLOADS {
                    entered.unread = Some(Bound::Followed(MOST_UPLOADS, "uploads").into());
                    break;
                }
                if let Some(words) = upload(action, store, lines.get(at..lane.to).unwrap_or_default()) {
                    let start = line.as_ptr() as usize - text.as_ptr() as usize;
                    let range = start + called.start()..start + line.trim_end().len();
                    entered.implied.push(Implied { words, location: Some(places.at(&range)) });
                }
            } else if names.contains(called.as_str()) {
                open.extend(of(called.as_str(), lane.platform));
            }
        }
    }
    Some(entered)
}

/// The lanes and methods of a file. Their end stands under their beginning.
fn lanes<'a>(lines: &[&'a str]) -> Vec<Lane<'a>> {
    let Some([opens, _]) = LINES.as_ref() else { return Vec::new() };
    let mut platform: Option<(&str, &str)> = None;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if platform.is_some_and(|(_, indent)| line.strip_prefix(indent).is_some_and(|l| l.trim_end() == "end")) {
            platform = None;
        }
        let Some(parts) = opens.captures(line) else { continue };
        let (Some(indent), Some(name)) = (parts.get(1), parts.get(3)) else { continue };
        if parts.get(2).is_some() {
            platform = Some((name.as_str(), indent.as_str()));
            continue;
        }
        let ends = |l: &&str| l.strip_prefix(indent.as_str()).is_some_and(|rest| rest.starts_with("end"));
        let longest = lines.len().min(at + 1 + LONGEST_LANE);
        let to = lines.iter().skip(at + 1).take(LONGEST_LANE).position(ends).map_or(longest, |n| at + 1 + n);
        if found.len() > MOST {
            break;
        }
        found.push(Lane { platform: platform.map(|(p, _)| p), name: name.as_str(), from: at + 1, to });
    }
    found
}

/// The command that an upload stands for; `None` where it only sends descriptions, or tries.
fn upload(action: &str, store: &str, body: &[&str]) -> Option<Vec<Text>> {
    let mut depth = 0_i32;
    let mut given = String::new();
    for line in body.iter().take(LONGEST) {
        given.push_str(line);
        given.push('\n');
        depth += line.matches('(').count() as i32 - line.matches(')').count() as i32;
        if depth <= 0 && !line.trim_end().ends_with([',', '(']) {
            break;
        }
    }
    let says = |option: &str| given.contains(option);
    let text_only = says("skip_binary_upload: true")
        || says("skip_upload_apk: true") && says("skip_upload_aab: true")
        || says("validate_only: true")
        || action == "supply" && says("track_promote_to");
    if text_only {
        return None;
    }
    let value = |options: &[&str]| {
        options.iter().find_map(|option| {
            let (_, rest) = given.split_once(&format!("{option}:"))?;
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let text = rest.get(1..)?.split(quote).next()?;
            (!text.contains("#{")).then(|| text.to_owned())
        })
    };
    let mut words = vec!["fastlane:upload".to_owned(), store.to_owned()];
    if let Some(name) = value(&["package_name", "app_identifier", "app_name"]) {
        words.extend(["--name".to_owned(), name]);
    }
    if let Some(file) = value(&["aab", "apk", "ipa", "pkg", "android_artifact_path", "ipa_path", "file"]) {
        words.extend(["--file".to_owned(), file]);
    }
    Some(words.into_iter().map(Text::from).collect())
}

#[cfg(test)]
mod tests {
    use super::super::entered;
    use super::enter;

    const FASTFILE: &str = "default_platform(:ios)\n\
        platform :ios do\n  lane :beta do |options|\n    build_app\n    send_it\n  end\n  private_lane :send_it do\n    \
        upload_to_testflight(ipa: \"App.ipa\")\n  end\nend\n\
        platform :android do\n  lane :beta do\n    upload_to_play_store(\n      package_name: 'com.acme.app',\n      \
        aab: \"app.aab\",\n    )\n  end\n  lane :texts do\n    supply(skip_upload_apk: true, skip_upload_aab: true)\n  \
        end\n  lane :round do\n    round\n  end\nend\n";

    fn commands(command: &str) -> Option<Vec<String>> {
        let found = entered(enter, &[("fastlane/Fastfile", FASTFILE)], &[], command)?;
        Some(found.implied.iter().map(|i| i.words.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" ")).collect())
    }

    #[test]
    fn a_lane_is_followed_to_what_it_uploads() {
        assert_eq!(commands("fastlane ios beta").unwrap(), ["fastlane:upload app-store --file App.ipa"]);
        assert_eq!(
            commands("fastlane android beta track:x").unwrap(),
            ["fastlane:upload play-store --name com.acme.app --file app.aab"]
        );
        assert!(commands("fastlane texts").unwrap().is_empty());
        assert!(commands("fastlane round").unwrap().is_empty());
        assert_eq!(commands("fastlane other"), None);
    }
}
