//! What serde refuses, in words for whoever wrote the file, with the name that was probably meant.

/// The message in our words, and the key that it is about when it is about one.
pub(super) fn words(message: &str) -> (String, Option<String>) {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let (name, known) = names(rest);
        return (format!("unknown key `{name}`{}", meant(&name, &known)), Some(name));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (name, known) = names(rest);
        return (format!("`{name}` is not known here{}", meant(&name, &known)), None);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return (format!("the key {rest} is missing"), None);
    }
    let message = message.strip_prefix("invalid type: ").map_or_else(|| message.to_owned(), wrong_type);
    (message, None)
}

/// `found, expected wanted` in our words. Integers are the only numbers of the file.
fn wrong_type(rest: &str) -> String {
    let Some((found, wanted)) = rest.rsplit_once(", expected ") else { return rest.to_owned() };
    let found = match found {
        "null" => "nothing",
        "map" => "a mapping",
        "sequence" => "a list",
        other => other,
    };
    let wanted = match wanted {
        "a string" => "a text; numbers need quotes to be one",
        "a boolean" => "true or false",
        "u64" | "u8" => "a number without quotes",
        "a map" => "a mapping of names to paths",
        other => match other.strip_prefix("struct ") {
            Some(_) => "a mapping",
            None => other,
        },
    };
    format!("this is {found} and should be {wanted}")
}

/// The name in backticks, and those that are known.
fn names(rest: &str) -> (String, Vec<String>) {
    // The name was written by somebody else and may hold the words between.
    let (name, known) = rest.rsplit_once(", expected ").unwrap_or((rest, ""));
    let known = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (name.trim_matches('`').to_owned(), known)
}

/// The closest of the known names, or all of them.
fn meant(name: &str, known: &[String]) -> String {
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let distance = |other: &&String| strsim::damerau_levenshtein(&plain(name), other);
    let close = |other: &&String| {
        let far = distance(other);
        far <= 2.max(other.chars().count() / 3) && far < other.chars().count()
    };
    // Distances cost the product of both lengths.
    let short = name.chars().count() <= 60;
    if let Some(closest) = known.iter().filter(|_| short).filter(close).min_by_key(distance) {
        return format!("; did you mean `{closest}`?");
    }
    match known {
        [] => String::new(),
        [one] => format!("; there is only `{one}`"),
        _ => format!("; there are {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
    }
}
