package org.invp.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.invp.bank.Mode;
import org.invp.data.Decoding;
import org.invp.data.FormatOptions;
import org.invp.data.TrainingDivision.Draw;
import org.invp.objective.GraphUpdate;
import org.invp.objective.ObjectiveOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigFileTest {
  private static final String MINIMAL = "data: {format: idx, path: somewhere}\n";

  @TempDir Path folder;

  @Test
  void defaultsAreThePublishedImageNetSettings() {
    TrainingConfig config = parse(MINIMAL);
    assertEquals(ObjectiveOptions.published(Mode.PAPER), config.objective());
    assertEquals(0.03, config.optimizer().learningRate());
    assertEquals(800, config.training().epochs());
    assertEquals(GraphUpdate.LAZY, config.training().graph());
  }

  @Test
  void furtherKsAreAListThatMayBeEmpty() {
    assertEquals(List.of(1, 5, 20), parse(MINIMAL).evaluation().alsoK());
    TrainingConfig none = ConfigFile.parse("x.yaml", MINIMAL, List.of("evaluation.also_k=[]"));
    assertEquals(List.of(), none.evaluation().alsoK());
    assertEquals(none, parse(ConfigFile.write(none)));
  }

  @Test
  void overridesWinOverTheFileAndLaterOnesOverEarlierOnes() {
    TrainingConfig config =
        ConfigFile.parse(
            "x.yaml",
            MINIMAL + "optimizer: {learning_rate: 0.5}\n",
            List.of(
                "optimizer.learning_rate=1e-1",
                "augmentation.mean=[0.5]",
                "augmentation.std=[1]",
                "training.epochs=3",
                "training.epochs=4",
                "data.path=/a b/c=d"));
    assertEquals(0.1, config.optimizer().learningRate());
    assertEquals(List.of(0.5), config.augmentation().mean());
    assertEquals(4, config.training().epochs());
    assertEquals("/a b/c=d", config.data().path());
  }

  @Test
  void whatIsWrittenBackReadsAsTheSame() {
    TrainingConfig config =
        ConfigFile.parse(
            "x.yaml",
            MINIMAL,
            List.of("optimizer.weight_decay=0.0000001", "objective.mode=official"));
    String written = ConfigFile.write(config);
    assertEquals(config, parse(written));
    assertTrue(written.contains("crop_scale:"), written);
    assertTrue(written.contains("mode: official"), written);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "objective: {temperature: 0}|objective.temperature is 0, allowed: greater than 0",
        "objective: {temperature: hot}|objective.temperature is \"hot\", allowed: greater than 0",
        "objective: {temperature: .nan}|objective.temperature is .nan, allowed: greater than 0",
        "objective: {mode: papers}|objective.mode is \"papers\", allowed: paper, official",
        "objective: {negatives: 4}|objective.negatives is 4, allowed: at least neighbours + 1 = 5",
        "objective: {negatives: 4.5}|objective.negatives is 4.5, allowed: a whole number",
        "objective: {selection: any}|objective.selection is \"any\", allowed: hard, easy, random",
        "objective: {selection: }|objective.selection has no value",
        "objective: {hard: true}|objective.hard is now objective.selection: hard, easy or random",
        "objective: 3|objective is 3, allowed: a section",
        "objectives: {mode: paper}|unknown key objectives, did you mean objective?",
        "objective: {temprature: 1}|unknown key objective.temprature, did you mean"
            + " objective.temperature?",
        "training: {temperature: 1}|unknown key training.temperature, did you mean"
            + " objective.temperature?",
        "optimizer: {milestones: [5, 3]}|optimizer.milestones is [5, 3], allowed: a list",
        "optimizer: {milestones: 5}|optimizer.milestones is 5, allowed: a list",
        "optimizer: {warmup_steps: 1, warmup_epochs: 1}|optimizer.warmup_steps is 1, allowed: 0",
        "optimizer: {momentum: 1}|optimizer.momentum is 1, allowed: at least 0 and less than 1",
        "augmentation: {crop_scale: [1, 0.2]}|augmentation.crop_scale is [1, 0.2], allowed: [low,"
            + " high]",
        "augmentation: {crop_scale: 0.2}|augmentation.crop_scale is 0.2, allowed: [low, high]",
        "augmentation: {mean: [0.5]}|augmentation.mean has 1 and augmentation.std 3 values",
        "augmentation: {hue: 0.6}|augmentation.hue is 0.6, allowed: between 0 and 0.5",
        "training: {epochs: 0}|training.epochs is 0, allowed: a whole number of at least 1",
        "training: {graph: exact}|training.graph is \"exact\", allowed: lazy, epoch",
        "training: {graph_every: 0}|training.graph_every is 0, allowed: a whole number of at least"
            + " 1",
        "training: {epochs: 99999999999}|training.epochs is 99999999999, allowed:",
        "evaluation: {also_k: [5, 1]}|evaluation.also_k is [5, 1], allowed: a list [a, b, ...] of"
            + " ascending whole numbers of at least 1",
        "evaluation: {also_k: [0, 1]}|evaluation.also_k is [0, 1], allowed: a list",
        "evaluation: {also_k: 5}|evaluation.also_k is 5, allowed: a list",
        "evaluation: {split: held-out}|evaluation.held_out is 0, allowed: at least 1 with"
            + " evaluation.split: held-out, else 0",
        "evaluation: {held_out: 5}|evaluation.held_out is 5, allowed: at least 1 with",
        "evaluation: {held_out: -1}|evaluation.held_out is -1, allowed: a whole number",
        "evaluation: {split: held_out}|evaluation.split is \"held_out\", allowed: test, held-out",
        "seed: -1|seed is -1, allowed: a whole number of at least 0",
        "data: {path: x}|x.yaml, line 2: data stands here twice",
        "objective: {mode: paper, mode: paper}|x.yaml, line 2: mode stands here twice",
        "training.epochs: 3|x.yaml, line 2: training.epochs is written as two lines, ^training:^"
            + " and below it, indented, ^epochs: ...^",
        "training:\\n\\tepochs: 3|x.yaml, line 3: not YAML: a tab where a blank is needed",
        "---\\nseed: 2|x.yaml, line 2: not YAML: more than one document",
        "training: {epochs: !half 3}|x.yaml, line 2: unknown tag !half",
        "training: {epochs: !!int \"3\"}|x.yaml, line 2: \"3\" is marked as",
        "training: {epochs: !!int x}|x.yaml, line 2: \"x\" is marked as",
        "evaluation: {baselines: !!bool maybe}|x.yaml, line 2: \"maybe\" is marked as",
        "training: {[epochs]: 3}|x.yaml, line 2: a key that is no word",
        "training: &self {epochs: *self}|x.yaml, line",
        "training: {epochs: 1_000}|training.epochs is \"1_000\", allowed: a whole number",
        "training: {epochs: yes}|training.epochs is \"yes\", allowed: a whole number",
        "evaluation: {baselines: yes}|evaluation.baselines is \"yes\", allowed: true or false",
        "training: {epochs: 3|line",
      })
  void aWrongSettingIsNamedWithItsValueAndWhatIsAllowed(String line, String expected) {
    ConfigException failure =
        assertThrows(ConfigException.class, () -> parse(MINIMAL + line.translateEscapes() + "\n"));
    String message = failure.getMessage();
    assertTrue(message.contains(expected.replace('^', '"')), message);
    assertTrue(message.startsWith("x.yaml"), message);
    assertFalse(failure.getMessage().contains("\n"), failure.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "training.epochs|expected section.key=value",
        "=3|expected section.key=value",
        "training.epochs=|the value is missing",
        "training.epochs=[|not YAML",
        "data.path.deep=1|path is a value, not a section",
        "training.epoch=3|unknown key training.epoch, did you mean training.epochs?",
      })
  void aWrongOverrideIsNamed(String override, String expected) {
    ConfigException failure =
        assertThrows(
            ConfigException.class, () -> ConfigFile.parse("x.yaml", MINIMAL, List.of(override)));
    assertTrue(failure.getMessage().contains(expected), failure.getMessage());
  }

  @Test
  void settingsOfOneFormatAreReadAndWrittenWithTheOthers() {
    TrainingConfig config =
        parse("data: {format: caltech101, path: c, test_per_class: 50, background: false}\n");
    assertEquals(new FormatOptions.Caltech(30, 50, 0, false), config.data().formatOptions());
    assertEquals(config, parse(ConfigFile.write(config)));
    assertEquals("50", ConfigFile.flatten(config).get("data.test_per_class"));
    TrainingConfig plain = parse(MINIMAL);
    assertEquals(plain, parse(ConfigFile.write(plain)));
  }

  @Test
  void whichImagesAreDrawnAndJudgedIsReadAndWritten() {
    TrainingConfig plain = parse(MINIMAL);
    assertEquals(Draw.SAMPLE, plain.data().draw());
    assertEquals(EvaluationConfig.Split.TEST, plain.evaluation().split());
    TrainingConfig config =
        ConfigFile.parse(
            "x.yaml",
            MINIMAL,
            List.of("data.draw=first", "evaluation.split=held-out", "evaluation.held_out=7"));
    assertEquals(Draw.FIRST, config.data().draw());
    assertEquals(7, config.evaluation().heldOut());
    String written = ConfigFile.write(config);
    assertTrue(written.contains("split: held-out\n"), written);
    assertEquals(config, parse(written));
    assertEquals("held-out", ConfigFile.flatten(config).get("evaluation.split"));
  }

  @Test
  void evaluationIsDecodedExactlyHoweverTrainingIs() {
    assertEquals(Decoding.Mode.SCALED, parse(MINIMAL).data().decode());
    assertEquals(Decoding.Mode.EXACT, parse(MINIMAL).evaluation().decode());
    TrainingConfig config =
        ConfigFile.parse(
            "x.yaml", MINIMAL, List.of("data.decode=exact", "evaluation.decode=scaled"));
    assertEquals(Decoding.Mode.EXACT, config.data().decode());
    assertEquals(Decoding.Mode.SCALED, config.evaluation().decode());
    assertEquals(config, parse(ConfigFile.write(config)));
  }

  @Test
  void anOlderRunIsJudgedExactlyUnlessItsBankIsRefreshed() {
    List<String> refreshed = List.of("training.graph=epoch", "training.bank_refresh=epoch");
    assertEquals(Decoding.Mode.EXACT, older(List.of()).evaluation().decode());
    assertEquals(Decoding.Mode.SCALED, older(refreshed).evaluation().decode());
    String[] exact = {"training.graph=epoch", "training.bank_refresh=epoch", "data.decode=exact"};
    assertEquals(Decoding.Mode.EXACT, older(List.of(exact)).evaluation().decode());
  }

  /** What a version without evaluation.decode wrote, read back. */
  private static TrainingConfig older(List<String> overrides) {
    String written = ConfigFile.write(ConfigFile.parse("x.yaml", MINIMAL, overrides));
    String older = written.replaceFirst("(?s)(\nevaluation:.*?)\n  decode: exact\n", "$1\n");
    assertTrue(older.length() < written.length(), written);
    return parseRun(older);
  }

  @Test
  void aRunsOwnSettingsKeepTheMeaningTheyHadInItsVersion() {
    TrainingConfig config = parse(MINIMAL);
    String written = ConfigFile.write(config);
    String older = written.replaceFirst("\n *draw: sample", "");
    assertEquals(Draw.FIRST, parseRun(older).data().draw());
    assertEquals(Draw.SAMPLE, parse(older).data().draw(), "a user's file has the defaults");
    assertEquals(config, parseRun(written));
    assertEquals(
        Draw.SAMPLE,
        ConfigFile.parseRun("x.yaml", older, List.of("data.draw=sample")).data().draw());
  }

  @Test
  void aRunsOwnSettingsAreCheckedLikeAUsers() {
    assertEquals(
        "x.yaml, line 1: data is 3, allowed: a section of keys and values",
        assertThrows(ConfigException.class, () -> parseRun("data: 3\n")).getMessage());
  }

  @Test
  void settingsOfAnotherFormatAreRefused() {
    assertEquals(
        "x.yaml, line 1: data.extra is a setting of data.format: svhn, and this is idx",
        assertThrows(
                ConfigException.class, () -> parse("data: {format: idx, path: p, extra: true}\n"))
            .getMessage());
    assertEquals(
        "x.yaml: data.list is missing",
        assertThrows(ConfigException.class, () -> parse("data: {format: list, path: p}\n"))
            .getMessage());
  }

  @Test
  void aMissingRequiredKeyIsNamed() {
    assertEquals(
        "x.yaml: data.format is missing, allowed: idx, cifar10, cifar100, folder, imagenet, list,"
            + " places205, svhn, voc2007, caltech101, cub200, flowers102, pets, cars, wm811k",
        assertThrows(ConfigException.class, () -> parse("seed: 1\n")).getMessage());
    assertEquals(
        "x.yaml: data.path is missing",
        assertThrows(ConfigException.class, () -> parse("data: {format: idx}\n")).getMessage());
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws IOException {
    Path none = folder.resolve("none.yaml");
    assertEquals(
        "could not read %s: no such file or folder".formatted(none),
        assertThrows(ConfigException.class, () -> ConfigFile.read(none, List.of())).getMessage());
    Path list = Files.writeString(folder.resolve("list.yaml"), "- 1\n");
    assertTrue(
        assertThrows(ConfigException.class, () -> ConfigFile.read(list, List.of()))
            .getMessage()
            .contains("expected sections"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "100|3|objective.negatives is 4096, allowed: at most the 100 training images",
        "5000|1|augmentation.mean is [0.485, 0.456, 0.406], allowed: as many values",
      })
  void settingsThatDoNotFitTheDataAreNamed(int rows, int channels, String expected) {
    ConfigException failure =
        assertThrows(ConfigException.class, () -> parse(MINIMAL).checkAgainst(rows, channels));
    assertTrue(failure.getMessage().contains(expected), failure.getMessage());
  }

  @Test
  void aBatchLargerThanTheDataIsRefused() {
    TrainingConfig config =
        ConfigFile.parse(
            "x.yaml", MINIMAL, List.of("objective.negatives=5", "training.batch_size=11"));
    assertEquals(
        "training.batch_size is 11, allowed: at most the 10 training images",
        assertThrows(ConfigException.class, () -> config.checkAgainst(10, 3)).getMessage());
  }

  @Test
  void aLastBatchOfOneImageIsRefusedWhereBatchNormWouldFail() {
    List<String> overrides = List.of("objective.negatives=5", "training.batch_size=3");
    TrainingConfig config = ConfigFile.parse("x.yaml", MINIMAL, overrides);
    config.checkAgainst(11, 3);
    assertThrows(ConfigException.class, () -> config.checkAgainst(10, 3));
  }

  @ParameterizedTest
  @MethodSource("shippedFiles")
  void everyShippedConfigurationReads(Path path) {
    TrainingConfig config = ConfigFile.read(path, List.of());
    assertEquals(config, parse(ConfigFile.write(config)));
  }

  static List<Path> shippedFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("configs"))) {
      return files.filter(path -> path.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  private static TrainingConfig parseRun(String yaml) {
    return ConfigFile.parseRun("x.yaml", yaml, List.of());
  }

  private static TrainingConfig parse(String yaml) {
    return ConfigFile.parse("x.yaml", yaml, List.of());
  }
}
