package org.invp.config;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.invp.data.DataFormat;
import org.invp.data.FormatOptions;
import org.invp.data.FormatOptions.Caltech;
import org.invp.data.FormatOptions.Folders;
import org.invp.data.FormatOptions.ImageNet;
import org.invp.data.FormatOptions.Lists;
import org.invp.data.FormatOptions.None;
import org.invp.data.FormatOptions.Svhn;
import org.invp.data.FormatOptions.Wafers;
import org.invp.internal.Text;

/** Keys of the section {@code data} that only some formats have. */
final class FormatSettings {
  /** Which formats have a key. */
  private static final Map<String, Set<DataFormat>> KEYS = new LinkedHashMap<>();

  static {
    KEYS.put("list", EnumSet.of(DataFormat.LIST, DataFormat.PLACES205));
    KEYS.put("test_list", EnumSet.of(DataFormat.IMAGENET, DataFormat.LIST, DataFormat.PLACES205));
    KEYS.put("images", EnumSet.of(DataFormat.LIST, DataFormat.PLACES205));
    KEYS.put(
        "classes_file", EnumSet.of(DataFormat.IMAGENET, DataFormat.LIST, DataFormat.PLACES205));
    KEYS.put("extra", EnumSet.of(DataFormat.SVHN));
    KEYS.put("train_per_class", EnumSet.of(DataFormat.CALTECH101));
    KEYS.put("test_per_class", EnumSet.of(DataFormat.CALTECH101));
    KEYS.put("split_seed", EnumSet.of(DataFormat.CALTECH101));
    KEYS.put("background", EnumSet.of(DataFormat.CALTECH101));
    KEYS.put("unlabelled", EnumSet.of(DataFormat.WM811K));
    KEYS.put("labels", EnumSet.of(DataFormat.FOLDER));
  }

  private FormatSettings() {}

  static FormatOptions read(Section section, DataFormat format) {
    return section.build(
        s -> {
          refuseOthersKeys(s, format);
          return switch (format.defaults()) {
            case None none -> none;
            case Folders folders ->
                new Folders(s.choice("labels", folders.labels(), Folders.Labels.class));
            case ImageNet imageNet ->
                new ImageNet(s.optionalText("classes_file"), s.optionalText("test_list"));
            case Lists lists -> lists(s, lists);
            case Svhn svhn -> new Svhn(s.flag("extra", svhn.extra()));
            case Caltech caltech ->
                new Caltech(
                    s.integer("train_per_class", caltech.trainPerClass(), Range.atLeast(1)),
                    s.integer("test_per_class", caltech.testPerClass(), Range.atLeast(0)),
                    s.whole("split_seed", caltech.splitSeed(), Range.between(0, Integer.MAX_VALUE)),
                    s.flag("background", caltech.background()));
            case Wafers wafers -> new Wafers(s.flag("unlabelled", wafers.unlabelled()));
          };
        });
  }

  private static Lists lists(Section s, Lists defaults) {
    String images = s.optionalText("images");
    return new Lists(
        listFile(s, "list", defaults.list()),
        s.has("test_list") ? s.text("test_list") : defaults.testList(),
        images == null ? defaults.images() : images,
        s.optionalText("classes_file"));
  }

  private static String listFile(Section s, String key, String fallback) {
    return s.has(key) || fallback == null ? s.text(key) : fallback;
  }

  private static void refuseOthersKeys(Section s, DataFormat format) {
    KEYS.forEach(
        (key, formats) -> {
          if (s.has(key) && !formats.contains(format)) {
            throw new IllegalArgumentException(
                Text.format(
                    "data.%s is a setting of data.format: %s, and this is %s",
                    key,
                    formats.stream().map(FormatSettings::name).collect(Collectors.joining(", ")),
                    name(format)));
          }
        });
  }

  private static String name(DataFormat format) {
    return format.name().toLowerCase(Locale.ROOT);
  }
}
