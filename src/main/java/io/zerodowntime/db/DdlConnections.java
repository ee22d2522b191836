package io.zerodowntime.db;

import io.agroal.api.AgroalPoolInterceptor;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Lifts the bound of the login from a connection of schema changes: the build of an index takes as
 * long as it takes.
 */
@Singleton
public class DdlConnections implements AgroalPoolInterceptor {
  @Override
  public void onConnectionCreate(Connection connection) {
    try {
      connection.setNetworkTimeout(Runnable::run, 0);
    } catch (SQLException e) {
      throw new IllegalStateException("the bound of the login cannot be lifted", e);
    }
  }
}
