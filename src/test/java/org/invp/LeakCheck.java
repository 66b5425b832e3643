package org.invp;

import java.util.Map;
import org.invp.internal.NativeObjects;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class after which there are more native objects, or more off-heap memory, than
 * before it. Registered for all classes in {@code META-INF/services}.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LeakCheck.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    context.getStore(NAMESPACE).put(context.getUniqueId(), NativeObjects.alive());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    Object before = context.getStore(NAMESPACE).get(context.getUniqueId());
    Map<String, Long> after = NativeObjects.alive();
    if (!after.equals(before)) {
      throw new AssertionError(
          "native objects were %s before %s, are %s after it: something was not closed"
              .formatted(before, context.getDisplayName(), after));
    }
  }
}
