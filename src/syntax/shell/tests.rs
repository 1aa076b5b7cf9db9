use super::{mask, parse};

#[test]
fn zz_corpus() {
    let Ok(file) = std::env::var("CORPUS") else { return };
    let runs: Vec<String> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let start = std::time::Instant::now();
    let mut bad = 0;
    for (i, run) in runs.iter().enumerate() {
        let (masked, _) = mask(run);
        assert_eq!(masked.len(), run.len());
        let script = parse(&masked);
        if !script.unread.is_empty() {
            bad += 1;
            println!(
                "{i} {:?} {:?}",
                script.unread,
                run.get(script.unread[0].0..).map(|s| s.chars().take(100).collect::<String>())
            );
        }
    }
    println!("{} scripts, {bad} with unread, {:?}", runs.len(), start.elapsed());
}
