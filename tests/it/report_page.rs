//! The report as a page, in a real browser: it reads, sorts, shows what its numbers count, and asks for nothing.

use serde_json::Value as Json;

use crate::browser::Browser;
use crate::harness::World;
use crate::report::report;
use crate::report_files::{hostile, write};

#[test]
fn report_html_is_a_page_that_reads_sorts_and_asks_for_nothing() {
    let world = hostile();
    let name = "report_html_is_a_page_that_reads_sorts_and_asks_for_nothing";
    let Some(browser) = Browser::open(world.folder.path(), name) else { return };
    let path = write(&world, "report --year 2026 --as-of 2026-11-02", "r.html");
    let told = report(&world, "report --year 2026 --as-of 2026-11-02");
    browser.load(&path);

    assert_eq!(browser.run("return document.title"), "Recertification 2026");
    let cards = browser
        .run("return [...document.querySelectorAll('.cards data')].map((data) => +data.value)");
    let names = ["access_remains", "given_again", "unanswered", "never_asked", "orphans"];
    let counts = names.map(|name| told["summary"]["counts"][name].clone());
    assert_eq!(cards, Json::from(counts.to_vec()));
    let verdict = browser.run("return document.querySelector('.verdict').innerText");
    assert_eq!(verdict, told["verdict"]["sentence"]);
    let ids = "return [...document.querySelectorAll('table.rows')].map((table) => [...table.tBodies[0].rows].map((row) => row.cells[0].innerText))";
    let shown = browser.run(ids);
    assert_eq!(shown[0].as_array().unwrap().len(), 4);
    assert_eq!(shown[1], serde_json::json!(["E4"]));
    let text = browser.run("return document.querySelector('table.rows').innerText");
    for part in
        ["=1+1", "<img src=x onerror=alert(1)>", "O'Brien & Söhne 🦀", "</script><b>", "DELEGATED"]
    {
        assert!(text.as_str().unwrap().contains(part), "{part} is not in {text}");
    }

    shows_what_a_number_counts(&browser);
    sorts_and_filters(&browser);
    reads_aloud(&browser);
    assert_eq!(browser.log("browser"), Vec::<Json>::new(), "the console is silent");
    for entry in browser.log("performance") {
        let entry: Json = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
        let url = entry["message"]["params"]["request"]["url"].as_str().unwrap_or("data:");
        // The browser's own first page is none of ours.
        let inside = url.starts_with("data:") || url.starts_with("chrome://");
        assert!(inside || url == format!("file://{}", path.display()), "{url}");
    }
}

#[test]
fn report_html_leads_to_all_rows_of_a_manager_however_their_name_is_written() {
    let world = World::sqlite();
    world.put(
        "user MANAGER=M1 \"MANAGER_NAME=Ann Old\"\nuser ID=E2 MANAGER=M1 MANAGER_NAME=Ann
         user ID=E3 \"MANAGER=M1 2\" MANAGER_MAIL=m@x\nuser ID=E4
         response STATUS=PENDING DUE=2026-10-01\nresponse USER=E2 STATUS=PENDING DUE=2026-10-01
         response USER=E3 STATUS=PENDING DUE=2026-10-01\nresponse USER=E4 STATUS=PENDING DUE=2026-10-01",
    );
    let name = "report_html_leads_to_all_rows_of_a_manager_however_their_name_is_written";
    let Some(browser) = Browser::open(world.folder.path(), name) else { return };
    browser.load(&write(&world, "report --year 2026 --as-of 2026-11-02", "r.html"));
    let to_managers =
        browser.run("return document.querySelectorAll('#managers ~ table a[data-rows]').length");
    assert_eq!(to_managers, 3);
    shows_what_a_number_counts(&browser);
}

/// Every number in the tables above leads to just as many rows.
fn shows_what_a_number_counts(browser: &Browser) {
    let differing = browser.run(
        "const rows = [...document.querySelector('table.rows').tBodies[0].rows];
         const links = [...document.querySelectorAll('a[data-rows]')];
         const differing = links.length > 3 ? [] : ['few links'];
         for (const link of links) {
           link.click();
           const n = [...document.querySelectorAll('table.rows:not([aria-labelledby=accesses])')]
             .flatMap((table) => [...table.tBodies[0].rows]).filter((row) => !row.hidden).length;
           if (n !== +link.innerText.replace(/\\D/g, '')) differing.push(link.outerHTML + ': ' + n);
         }
         document.querySelector('.tools button').click();
         if (rows.some((row) => row.hidden)) differing.push('not all rows again');
         return differing",
    );
    assert_eq!(differing, serde_json::json!([]));
}

fn sorts_and_filters(browser: &Browser) {
    let sort = "const table = document.querySelector('table.rows');
        const head = table.tHead.rows[0].cells[2];
        head.querySelector('button').click();
        return [head.getAttribute('aria-sort'), ...[...table.tBodies[0].rows].map((row) => row.cells[2].innerText)]";
    assert_eq!(browser.run(sort), serde_json::json!(["ascending", "-7", "7", "7", "123456"]));
    assert_eq!(browser.run(sort), serde_json::json!(["descending", "123456", "7", "7", "-7"]));
    browser.run(
        "const input = document.querySelector('.tools input');
         input.value = 'delegated'; input.dispatchEvent(new Event('input'))",
    );
    let mut said = Json::Null;
    for _ in 0..50 {
        said = browser.run("return document.querySelector('.tools output').innerText");
        if said != "" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(said, "1 of 4 rows");
}

/// What a screen reader needs: one main heading, none left out, names on tables, charts and cells.
fn reads_aloud(browser: &Browser) {
    let levels = browser.run(
        "return [...document.querySelectorAll('h1,h2,h3')].map((heading) => +heading.tagName[1])",
    );
    let levels: Vec<u64> =
        levels.as_array().unwrap().iter().map(|level| level.as_u64().unwrap()).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let faults = browser.run(
        "const faults = [];
         for (const th of document.querySelectorAll('th')) if (!th.scope) faults.push(th.outerHTML);
         for (const svg of document.querySelectorAll('svg:not([aria-hidden])'))
           if (!svg.querySelector('title').textContent || !svg.querySelector('desc').textContent) faults.push(svg.outerHTML);
         for (const named of document.querySelectorAll('[aria-labelledby]'))
           for (const id of named.getAttribute('aria-labelledby').split(' '))
             if (!document.getElementById(id)) faults.push(id);
         const ids = [...document.querySelectorAll('[id]')].map((named) => named.id);
         if (new Set(ids).size !== ids.length) faults.push('an id stands twice');
         if (!document.documentElement.lang) faults.push('no language');
         return faults",
    );
    assert_eq!(faults, serde_json::json!([]));
    let none = serde_json::json!([]);
    assert_eq!(browser.run(CONTRAST), none, "less contrast than 4.5 (WCAG 2 AA), light");
    browser.prefer_dark();
    assert_eq!(browser.run(CONTRAST), none, "less contrast than 4.5 (WCAG 2 AA), dark");
}

const CONTRAST: &str = "
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
      const [r, g, b] = parts(color).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const color = getComputedStyle(e).backgroundColor;
        if (parts(color)[3] !== 0) return color;
      }
      return 'rgb(255, 255, 255)';
    };
    const poor = [];
    for (const element of document.querySelectorAll('body :not(title, desc, script)')) {
      if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
      const style = getComputedStyle(element);
      const color = element.namespaceURI.endsWith('svg') ? style.fill : style.color;
      const [a, b] = [light(color), light(ground(element))].sort((x, y) => y - x);
      if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(element.outerHTML);
    }
    return poor";
