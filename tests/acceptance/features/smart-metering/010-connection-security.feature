Feature: 010 A meter is reached with the association that it has, whatever its level

  Scenario Outline: A password, or nothing at all
    Given the meter "<device>" of "<version>" <association>
    When GetActualMeterReads is asked of "<device>"
    Then the answer is OK
    And the answer has an ActiveEnergyImport

    Examples:
      | device            | version    | association     |
      | TEST1026000000001 | DSMR 2.2   | with a password |
      | TEST1026000000002 | DSMR 4.2.2 | with a password |
      | TEST1025000000001 | DSMR 2.2   | without security |
      | TEST1025000000002 | DSMR 4.2.2 | without security |

  Scenario: The platform knows a wrong password
    Given the meter "TEST1026000000003" of "DSMR 2.2" with a wrong password
    When GetActualMeterReads is asked of "TEST1026000000003" with
      | path         | value |
      | @BypassRetry | true  |
    Then it ends with fault 223

  Scenario: Keys with which only somebody else could read
    Given the meter "TEST1024000000010" of "DSMR 4.2.2" whose keys are others
    When GetActualMeterReads is asked of "TEST1024000000010" with
      | path         | value |
      | @BypassRetry | true  |
    Then it ends with a fault of PROTOCOL_DLMS
