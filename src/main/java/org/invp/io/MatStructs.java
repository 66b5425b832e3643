package org.invp.io;

import org.invp.internal.Text;
import us.hebi.matlab.mat.types.Array;
import us.hebi.matlab.mat.types.Matrix;
import us.hebi.matlab.mat.types.Struct;

/** A struct array of a {@link MatFile}: elements with the same fields. */
public final class MatStructs {
  private final MatFile file;
  private final String name;
  private final Struct structs;

  MatStructs(MatFile file, String name, Struct structs) {
    this.file = file;
    this.name = name;
    this.structs = structs;
  }

  /** The number of elements. */
  public int size() {
    return file.reading(name, () -> MatFile.elements(structs));
  }

  /**
   * A field that holds a text.
   *
   * @throws org.invp.InvalidDataException if it does not, naming file and field
   */
  public String text(int index, String field) {
    return file.reading(place(index, field), () -> MatFile.text(value(index, field)));
  }

  /**
   * A field that holds a whole number, or true or false (1 or 0).
   *
   * @throws org.invp.InvalidDataException if it does not, naming file and field
   */
  public int integer(int index, String field) {
    return file.reading(
        place(index, field),
        () -> {
          if (value(index, field) instanceof Matrix matrix && MatFile.elements(matrix) == 1) {
            return MatFile.whole(matrix.getDouble(0));
          }
          throw new IllegalArgumentException("not one number");
        });
  }

  private Array value(int index, String field) {
    if (!structs.getFieldNames().contains(field)) {
      throw new IllegalArgumentException("no such field");
    }
    return structs.get(field, index);
  }

  private String place(int index, String field) {
    return Text.format("%s(%d).%s", name, index + 1, field);
  }
}
