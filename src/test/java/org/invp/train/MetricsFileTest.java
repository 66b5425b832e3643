package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsFileTest {
  @TempDir Path temp;

  @Test
  void anEpochIsOneLineWithTheDocumentedFields() throws IOException {
    Path path = temp.resolve("metrics.jsonl");
    new MetricsFile(path)
        .append(
            new EpochMetrics(
                1, 2, 3, 4, 0.6, 0.1, 64, 8, 8, 1, 2, 3, 9, 10, 5, 0.5, null, 0.25, 41.5, 0.75, 0.5,
                0.875, 0.625, 0.25, 0.125, 0.375, 1.0, 6));
    assertEquals(
        List.of(
            "{\"epoch\":1,\"loss\":2.0,\"loss_ins\":3.0,\"loss_inv\":4.0,\"invariance_weight\":0.6,"
                + "\"lr\":0.1,\"images\":64,\"seconds\":8.0,\"images_per_second\":8.0,"
                + "\"bank_seconds\":1.0,\"network_seconds\":2.0,\"loader_wait\":3.0,"
                + "\"graph_seconds\":9.0,\"refresh_seconds\":10.0,\"corrupt_images\":5,"
                + "\"bank_knn\":0.5,\"embedding_knn\":null,\"embedding_cosine\":0.25,"
                + "\"walk_size\":41.5,\"walk_right\":0.75,\"positives_right\":0.5,"
                + "\"easiest_right\":0.875,\"walk_similarity\":0.625,"
                + "\"walk_beyond_nearest\":0.25,\"class_covered\":0.125,"
                + "\"staleness\":0.375,\"graph_agreement\":1.0,\"walk_seconds\":6.0}"),
        Files.readAllLines(path));
  }

  @Test
  void theLastLineIsMarkedFinal() throws IOException {
    Path path = temp.resolve("metrics.jsonl");
    new MetricsFile(path)
        .append(
            new FinalMetrics(
                true,
                0.1,
                0.2,
                0.3,
                0.4,
                0.5,
                0.6,
                7,
                "paper",
                2,
                null,
                new TreeMap<>(Map.of(20, 0.2, 5, 0.25)),
                new TreeMap<>(Map.of(5, 0.26)),
                new TreeMap<>(Map.of(5, 0.27)),
                new TreeMap<>(Map.of(5, 0.28)),
                null,
                0.7,
                null,
                new TreeMap<>(Map.of(5, 0.7)),
                10,
                null,
                3));
    assertEquals(
        List.of(
            "{\"final\":true,\"pixel_knn\":0.1,\"untrained_knn\":0.2,\"embedding_knn\":0.3,"
                + "\"backbone_knn\":0.4,\"embedding_top5\":0.5,\"backbone_top5\":0.6,\"seed\":7,"
                + "\"mode\":\"paper\",\"corrupt_images\":2,\"pixel_knn_by_k\":null,"
                + "\"untrained_knn_by_k\":{\"5\":0.25,\"20\":0.2},"
                + "\"untrained_backbone_knn_by_k\":{\"5\":0.26},"
                + "\"embedding_knn_by_k\":{\"5\":0.27},\"backbone_knn_by_k\":{\"5\":0.28},"
                + "\"held_out_embedding_knn\":null,\"held_out_backbone_knn\":0.7,"
                + "\"held_out_embedding_knn_by_k\":null,\"held_out_backbone_knn_by_k\":{\"5\":0.7},"
                + "\"classes\":10,\"embedding_abstained\":null,"
                + "\"unreadable_test_images\":3}"),
        Files.readAllLines(path));
  }

  @Test
  void aLineThatWasCutOffIsNotRead() throws IOException {
    Path path = temp.resolve("metrics.jsonl");
    assertEquals(List.of(), MetricsFile.read(path));
    Files.writeString(path, "{\"epoch\":1,\"step\":10}\n{\"epoch\":1}\n{\"final\":tr");
    List<JsonNode> lines = MetricsFile.read(path);
    assertEquals(2, lines.size());
    assertEquals(1, lines.stream().filter(MetricsFile::isEpoch).count());
    assertEquals(0, lines.stream().filter(MetricsFile::isLast).count());
  }

  @Test
  void whatAResumedRunWillWriteAgainIsRemoved() throws IOException {
    Path path = temp.resolve("metrics.jsonl");
    Files.writeString(
        path,
        """
        {"epoch":1,"step":10,"loss":1}
        {"epoch":1,"loss":1}
        {"epoch":2,"step":20,"loss":1}
        {"epoch":2,"step":30,"loss":1}
        {"epoch":2,"loss":1}
        {"final":true}
        {"epoch":3,"lo\
        """);
    new MetricsFile(path).keepUpTo(new Position(2, 9, 25));
    assertEquals(
        List.of(
            "{\"epoch\":1,\"step\":10,\"loss\":1}",
            "{\"epoch\":1,\"loss\":1}",
            "{\"epoch\":2,\"step\":20,\"loss\":1}"),
        Files.readAllLines(path));
  }
}
