package org.invp.data.sets;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.invp.InvalidDataException;
import org.invp.data.MultiLabelDataset.Target;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * The objects of one image, from its XML file: of each {@code object} directly in {@code
 * annotation} the {@code name} and whether it is {@code difficult}; parts of objects have names
 * too, deeper down. Document types and external entities are not processed.
 */
final class VocAnnotation {
  private static final int OBJECT_DEPTH = 2;

  private final Path file;
  private final List<String> classes;
  private final Target[] targets;
  private String name;
  private boolean difficult;

  private VocAnnotation(Path file, List<String> classes) {
    this.file = file;
    this.classes = classes;
    this.targets = new Target[classes.size()];
    Arrays.fill(targets, Target.ABSENT);
  }

  /**
   * Reads a file.
   *
   * @return what the image shows of each class
   * @throws InvalidDataException if it is missing or wrong, naming it
   */
  static Target[] read(Path file, List<String> classes) {
    VocAnnotation annotation = new VocAnnotation(file, classes);
    try (InputStream in = Files.newInputStream(file)) {
      XMLStreamReader reader = factory().createXMLStreamReader(in);
      try {
        annotation.read(reader);
      } finally {
        reader.close();
      }
      return annotation.targets;
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("%s: %s; expected as part of Pascal VOC 2007", file, IoErrors.reason(e)), e);
    } catch (XMLStreamException e) {
      throw new InvalidDataException(
          Text.format(
              "%s, line %d: not the XML of an annotation: %s",
              file, e.getLocation() == null ? 1 : line(e), reason(e)),
          e);
    } catch (InvalidDataException e) {
      throw e;
    } catch (RuntimeException e) {
      // Of some damaged DTDs the JDK's parser fails itself.
      throw new InvalidDataException(
          Text.format(
              "%s: not the XML of an annotation: the parser ends with %s",
              file, e.getClass().getSimpleName()),
          e);
    }
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    return factory;
  }

  private static int line(XMLStreamException e) {
    return Math.max(1, e.getLocation().getLineNumber());
  }

  /** The parser puts the place before its words, on a line of its own. */
  private static String reason(XMLStreamException e) {
    String text = String.valueOf(e.getMessage());
    return text.substring(text.lastIndexOf('\n') + 1).replaceFirst("^Message: ", "").strip();
  }

  private void read(XMLStreamReader reader) throws XMLStreamException {
    int depth = 0;
    boolean inObject = false;
    while (reader.hasNext()) {
      switch (reader.next()) {
        case XMLStreamConstants.START_ELEMENT -> {
          depth++;
          String element = reader.getLocalName();
          if (depth == 1 && !element.equals("annotation")) {
            throw wrong("<" + element + ">, expected <annotation>");
          }
          if (depth == OBJECT_DEPTH) {
            inObject = element.equals("object");
            name = null;
            difficult = false;
          }
          if (depth == OBJECT_DEPTH + 1 && inObject && readProperty(element, reader)) {
            depth--;
          }
        }
        case XMLStreamConstants.END_ELEMENT -> {
          if (depth == OBJECT_DEPTH && inObject) {
            note();
          }
          depth--;
        }
        default -> {}
      }
    }
  }

  /** Whether this was a property, which is then read to its end. */
  private boolean readProperty(String element, XMLStreamReader reader) throws XMLStreamException {
    if (element.equals("name")) {
      name = reader.getElementText().strip();
      return true;
    }
    if (element.equals("difficult")) {
      String text = reader.getElementText().strip();
      if (!text.matches("[01]")) {
        throw wrong(Text.format("difficult is \"%s\", expected 0 or 1", text));
      }
      difficult = text.equals("1");
      return true;
    }
    return false;
  }

  private void note() {
    int cls = classes.indexOf(name);
    if (cls < 0) {
      throw wrong(Text.format("an object of class %s, expected one of %s", name, classes));
    }
    if (!difficult) {
      targets[cls] = Target.PRESENT;
    } else if (targets[cls] == Target.ABSENT) {
      targets[cls] = Target.DIFFICULT;
    }
  }

  private InvalidDataException wrong(String what) {
    return new InvalidDataException((file + ": " + what).replaceAll("\\s+", " "));
  }
}
