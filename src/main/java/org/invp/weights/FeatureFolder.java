package org.invp.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;
import org.invp.io.Npy;
import org.invp.io.OwnFiles;
import org.invp.tensor.FloatTensor;

/**
 * A network's outputs for a data set as plain arrays in a folder, for programs that have neither
 * the network nor a runtime for one: {@code features.npy}, {@code embeddings.npy}, {@code ids.npy},
 * {@code labels.npy}, {@code images.txt} with a line per image, and {@code features.json} that says
 * what each is.
 */
public final class FeatureFolder {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private static final List<String> ARRAYS =
      List.of("features.npy", "embeddings.npy", "ids.npy", "labels.npy", "images.txt");

  /** Lies there while the folder is written, and after that if it was not finished. */
  private static final String BEGUN = ".features.begun";

  private FeatureFolder() {}

  /**
   * What the folder holds; row i of every array belongs to image i.
   *
   * @param features [N, F], the backbone's
   * @param embeddings [N, D], of length 1
   * @param labels [N]
   * @param images one line per image: its file, or its place in one
   * @param classes the classes' names; may be empty
   * @param about how the arrays were made, goes into the JSON as it is
   */
  @SuppressWarnings("ArrayRecordComponent") // Labels are an array everywhere in this library.
  public record Content(
      FloatTensor features,
      FloatTensor embeddings,
      int[] labels,
      List<String> images,
      List<String> classes,
      Map<String, Object> about) {}

  /**
   * Writes the folder, creating it if need be; {@code features.json} comes last, so a folder that
   * has it is complete.
   *
   * @throws InvpException naming the file that cannot be written
   */
  public static void write(Path folder, Content content) {
    Path description = folder.resolve("features.json");
    try {
      Files.createDirectories(folder);
      requireOwn(folder, description);
      AtomicFile.writeString(folder.resolve(BEGUN), "");
      OwnFiles.delete(description);
    } catch (IOException e) {
      throw new InvpException(Text.format("could not write %s: %s", folder, IoErrors.reason(e)), e);
    }
    Npy.write(folder.resolve("features.npy"), content.features());
    Npy.write(folder.resolve("embeddings.npy"), content.embeddings());
    Npy.write(folder.resolve("ids.npy"), LongStream.range(0, content.labels().length).toArray());
    Npy.write(
        folder.resolve("labels.npy"), Arrays.stream(content.labels()).asLongStream().toArray());
    AtomicFile.writeString(folder.resolve("images.txt"), lines(content.images()));
    AtomicFile.writeString(description, json(content) + "\n");
    finish(folder);
  }

  private static void finish(Path folder) {
    try {
      OwnFiles.delete(folder.resolve(BEGUN));
    } catch (IOException e) {
      throw new InvpException(Text.format("could not tidy %s: %s", folder, IoErrors.reason(e)), e);
    }
  }

  /** An earlier export is replaced; the same names without its description are somebody else's. */
  private static void requireOwn(Path folder, Path description) {
    for (String name : ARRAYS) {
      Path file = folder.resolve(name);
      if (!Files.exists(description)
          && !Files.exists(folder.resolve(BEGUN))
          && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new InvpException(
            Text.format(
                "%s is no export's: there is no %s beside it; move it, or name another folder",
                file, description.getFileName()));
      }
    }
  }

  private static String lines(List<String> texts) {
    StringBuilder lines = new StringBuilder();
    for (String text : texts) {
      lines.append(text.replaceAll("\\R", " ")).append('\n');
    }
    return lines.toString();
  }

  private static String json(Content content) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("format", "invp features 1");
    object.put(
        "files",
        List.of(
            file("features.npy", "float32", "the backbone's output", content.features().shape()),
            file("embeddings.npy", "float32", "the head's, length 1", content.embeddings().shape()),
            file("ids.npy", "int64", "the image's index", content.labels().length),
            file("labels.npy", "int64", "a position in classes", content.labels().length),
            file("images.txt", "UTF-8 text", "an image per line", content.images().size())));
    object.put("classes", content.classes());
    object.putAll(content.about());
    try {
      return JSON.writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a description could not be written", e);
    }
  }

  private static Map<String, Object> file(String name, String type, String meaning, long... shape) {
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("name", name);
    file.put("type", type);
    file.put("shape", shape);
    file.put("meaning", meaning);
    return file;
  }
}
