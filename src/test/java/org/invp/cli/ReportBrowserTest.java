package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The report of a real, tiny run as a browser shows it. */
@Tag("slow")
class ReportBrowserTest {
  @TempDir static Path temp;
  private static Browser browser;
  private static Path report;
  private static Path comparison;

  @BeforeAll
  static void openABrowser() throws IOException, InterruptedException {
    Optional<Path> chromium = Browser.find();
    assumeTrue(
        chromium.isPresent(),
        "no Chromium on the path: scripts/setup.sh browser gets one, INVP_CHROMIUM names one");
    Path data = TinyRun.writeData(temp.resolve("data"));
    // Names as long as real ones.
    Files.write(
        data.resolve("classes.txt"),
        List.of(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot"));
    Path config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    Path run = temp.resolve("run");
    invp("train", config, "--run-dir", run);
    report = temp.resolve("report.html");
    invp("report", run, "--out", report);
    comparison = temp.resolve("comparison.html");
    invp("report", run, run, "--out", comparison);
    browser = Browser.start(chromium.get(), Files.createDirectory(temp.resolve("profile")));
    for (String room : List.of("Page", "Runtime", "Log", "Network")) {
      browser.call(room + ".enable", Map.of());
    }
  }

  @AfterAll
  static void closeTheBrowser() {
    if (browser != null) {
      browser.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"light,400", "light,1600", "dark,400", "dark,1600"})
  void thePagesFitAreLegibleAndQuiet(String scheme, int width) throws Exception {
    assertEquals(List.of(), flaws(report, scheme, width));
    assertEquals(List.of(), flaws(comparison, scheme, width));
  }

  @ParameterizedTest
  @CsvSource({"light,400", "dark,1600"})
  void theTipOfADotIsInTheWindowAndLegible(String scheme, int width) throws Exception {
    assertEquals(List.of(), flaws(report, scheme, width));
    browser.evaluate(
        """
        document.querySelector('#dots circle').dispatchEvent(new PointerEvent('pointermove',
            {bubbles: true, clientX: innerWidth - 2, clientY: 5}))""");
    assertTrue(browser.evaluate("!tip.hidden && tip.innerText.includes('image')").asBoolean());
    assertTrue(
        browser
            .evaluate(
                """
                (() => { const b = tip.getBoundingClientRect();
                  return b.left >= 0 && b.top >= 0 && b.right <= innerWidth; })()""")
            .asBoolean());
    assertEquals(List.of(), looks());
    assertEquals(List.of(), told(report));
  }

  @Test
  void theSchemesDiffer() throws Exception {
    String colour = "getComputedStyle(document.body).backgroundColor";
    flaws(report, "light", 400);
    assertEquals("rgb(255, 255, 255)", browser.evaluate(colour).asText());
    flaws(report, "dark", 400);
    assertEquals("rgb(20, 23, 27)", browser.evaluate(colour).asText());
  }

  @Test
  void everyFlawOfABadPageIsFound() throws Exception {
    Path page =
        Files.writeString(
            temp.resolve("bad.html"),
            """
            <!doctype html><body style="background:#fff;color:#888"><p>pale</p>
            <div style="width:900px">wide</div><svg width=50><text x=-20 y=9>clipped</text></svg>
            <img src="http://127.0.0.1:9/image.png">
            <script>console.error('said'); null.thrown</script>""");
    String flaws = String.join("\n", flaws(page, "light", 400));
    for (String flaw :
        List.of("overflow", "contrast 3.54: pale", "clipped", "said", "thrown", "image.png")) {
      assertTrue(flaws.contains(flaw), flaw + " is not in:\n" + flaws);
    }
  }

  /** What is wrong with a page: how it looks, what it complains of, what it asks for. */
  private static List<String> flaws(Path page, String scheme, int width) throws Exception {
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
    browser.call(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    browser.takeEvents();
    browser.call("Page.navigate", Map.of("url", page.toUri().toString()));
    browser.await("Page.loadEventFired");
    List<String> flaws = new ArrayList<>(looks());
    flaws.addAll(told(page));
    return flaws;
  }

  private static List<String> looks() throws Exception {
    List<String> found = new ArrayList<>();
    try (InputStream in = ReportBrowserTest.class.getResourceAsStream("page-checks.js")) {
      String checks = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      browser.evaluate(checks).forEach(line -> found.add(line.asText()));
    }
    return found;
  }

  private static List<String> told(Path page) {
    List<String> flaws = new ArrayList<>();
    for (JsonNode event : browser.takeEvents()) {
      JsonNode about = event.path("params");
      boolean flaw =
          switch (event.path("method").asText()) {
            case "Runtime.exceptionThrown" -> true;
            case "Runtime.consoleAPICalled" ->
                List.of("error", "warning", "assert").contains(about.path("type").asText());
            case "Log.entryAdded" ->
                List.of("error", "warning").contains(about.path("entry").path("level").asText());
            case "Network.requestWillBeSent" -> {
              String address = about.path("request").path("url").asText();
              yield !address.startsWith("data:") && !address.equals(page.toUri().toString());
            }
            default -> false;
          };
      if (flaw) {
        flaws.add(event.toString());
      }
    }
    return flaws;
  }

  private static void invp(Object... arguments) {
    String[] words = List.of(arguments).stream().map(Object::toString).toArray(String[]::new);
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), words);
    assertEquals(0, code, err.toString());
  }
}
