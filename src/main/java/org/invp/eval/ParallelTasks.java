package org.invp.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.invp.InvpException;

/** Tasks that several threads share. */
final class ParallelTasks {
  private ParallelTasks() {}

  /**
   * Runs tasks and waits for them; the first that failed, in their order, ends all.
   *
   * @param threads tasks that run at once, at least 1
   * @param what a task, for the message of an error that is no {@link RuntimeException}
   * @return what the tasks returned, in their order
   */
  static <T> List<T> run(int threads, String what, List<Callable<T>> tasks) {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<T>> running = tasks.stream().map(pool::submit).toList();
      List<T> results = new ArrayList<>();
      for (Future<T> result : running) {
        results.add(result.get());
      }
      return results;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new InvpException(what + " failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InvpException("interrupted", e);
    } finally {
      pool.shutdownNow();
    }
  }
}
