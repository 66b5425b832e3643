package org.invp.config;

import com.fasterxml.jackson.databind.EnumNamingStrategy;
import java.util.Locale;

/** How settings name an enum's constants: in lower case, words joined by hyphens. */
final class ConstantNames implements EnumNamingStrategy {
  static String of(Enum<?> constant) {
    return external(constant.name());
  }

  @Override
  public String convertEnumToExternalName(String name) {
    return external(name);
  }

  private static String external(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
